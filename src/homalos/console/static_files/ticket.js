// A person's own orders: the ticket, and other terms for an order that works.
"use strict";
// Kind of the ticket: [its word, fields that it shows].
const KINDS = {
  limit: ["kind_limit", ["price", "close", "stop", "target"]],
  market: ["kind_market", ["close", "stop", "target"]],
  fak: ["kind_fak", ["price", "close"]],
  fok: ["kind_fok", ["price", "close"]],
  stop: ["stop_kind", ["trigger", "opens"]],
  stop_limit: ["stop_limit", ["trigger", "limit", "opens"]],
  take_profit: ["take_profit", ["trigger", "limit", "opens"]],
  trailing: ["trailing", ["trail"]],
};
const CONDITIONAL = new Set(["stop", "stop_limit", "take_profit", "trailing"]);
const field = (name) => $(`ticket-${name}`);
const number = (name) => (field(name).value.trim() === "" || field(name).closest("label").hidden ? null : Number(field(name).value));
const given = (rows) => Object.fromEntries(Object.entries(rows).filter(([, value]) => value !== null && value !== false));
let key = crypto.randomUUID(); // one a ticket and side: what is pressed twice, or sent again, is one order
const fresh = () => { key = crypto.randomUUID(); };

function ticketFields() {
  const [, shown] = KINDS[field("kind").value];
  for (const label of document.querySelectorAll("#ticket label[data-field]")) label.hidden = !shown.includes(label.dataset.field);
  $("ticket-note").textContent = CONDITIONAL.has(field("kind").value) ? word("conditionals_local") : "";
}

function ticketWords() {
  const chosen = field("kind").value || "limit";
  field("kind").replaceChildren(...Object.entries(KINDS).map(([name, [text]]) => new Option(word(text), name)));
  field("kind").value = chosen;
  ticketFields();
}

// What the ticket asks for: [path, body]; the daemon says what is wrong with it.
function ticket(side) {
  const kind = field("kind").value;
  const what = { instrument: field("instrument").value.trim(), side, lots: number("lots"), key: `${key} ${side}` };
  if (CONDITIONAL.has(kind)) {
    return ["/conditionals", given({ ...what, kind, trigger: number("trigger"), limit: number("limit"),
      trail_ticks: number("trail"), opens: !field("opens").closest("label").hidden && field("opens").checked })];
  }
  return ["/orders", given({ ...what, kind: kind === "market" ? "market" : "limit", tif: kind === "limit" || kind === "market" ? null : kind,
    price: number("price"), stop: number("stop"), target: number("target"), reduce_only: field("close").checked })];
}

function say([path, body]) {
  const parts = [word(body.side), `${body.lots} × ${body.instrument}`, word(KINDS[field("kind").value][0])];
  for (const name of ["price", "trigger", "limit", "trail_ticks", "stop", "target"]) {
    if (body[name] !== undefined) parts.push(`${word(`ticket_${name}`)} ${body[name]}`);
  }
  if (body.reduce_only || (path === "/conditionals" && !body.opens)) parts.push(word("ticket_close"));
  return parts.join(" · ");
}

for (const side of ["buy", "sell"]) {
  $(`ticket-${side}`).addEventListener("click", async () => {
    if (!$("ticket").reportValidity()) return;
    const wanted = ticket(side);
    if (!await ask("ask_order", say(wanted))) return;
    if (await post(...wanted) !== null) fresh(); // no answer: it may have arrived
  });
}
$("ticket").addEventListener("submit", (event) => event.preventDefault());
$("ticket").addEventListener("input", fresh);
field("kind").addEventListener("change", ticketFields);

function knownContracts(rows) {
  const names = [...new Set(rows)].sort();
  if (names.join() === [...$("contracts").children].map((o) => o.value).join()) return;
  $("contracts").replaceChildren(...names.map((name) => new Option(name, name)));
  if (!field("instrument").value && names.length) field("instrument").value = names[0];
}

// ------------------------------------------------------------------ other terms

function replaceOrder(order) {
  $("replace-what").textContent = `${order.instrument} · ${sideWord(order)} · ${order.traded_lots}/${order.lots}`;
  $("replace-price").value = price(order.price);
  $("replace-lots").value = order.lots;
  const dialog = $("replace-dialog");
  dialog.returnValue = "no";
  dialog.showModal();
  dialog.addEventListener("close", () => {
    if (dialog.returnValue !== "yes") return;
    const lots = Number($("replace-lots").value), at = Number($("replace-price").value);
    const terms = given({ price: at === order.price ? null : at, lots: lots === order.lots ? null : lots });
    post(`/orders/${encodeURIComponent(order.id)}/replace`, terms);
  }, { once: true });
}
