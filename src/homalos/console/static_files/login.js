// Exchanges the one-time token in the fragment (never sent, never logged) for a session's cookie.
"use strict";
(async () => {
  const token = new URLSearchParams(location.hash.slice(1)).get("t");
  if (!token) return;
  history.replaceState(null, "", location.pathname);
  const answer = await fetch("/api/v1/auth/exchange", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Console": "1" },
    body: JSON.stringify({ token }),
  });
  if (answer.ok) {
    location.reload();
    return;
  }
  document.getElementById("message").textContent =
    "此链接已用过或已超过两分钟。请运行 python start.py login 取得新链接。";
  document.getElementById("message-en").textContent =
    "This link was used already or is older than two minutes. Run: python start.py login";
})();
