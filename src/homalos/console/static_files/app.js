// One page: state arrives on the socket, topic by topic; commands are plain POSTs.
"use strict";
const $ = (id) => document.getElementById(id);
let zh = (localStorage.getItem("language") ?? (navigator.language.startsWith("zh") ? "zh" : "en")) === "zh";
const word = (key) => (WORDS[key] ? WORDS[key][zh ? 0 : 1] : String(key));
const latest = {};
let opaque = []; // positions that are shown and left alone

const money = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const whole = new Intl.NumberFormat("en-US");
const cents = (x) => (Math.abs(x) < 0.005 ? 0 : x); // no minus before a zero
const show = (x, format = money) => (x === null || x === undefined ? "–" : format.format(cents(x)));
const signed = (x) => (x === null || x === undefined ? "–" : (cents(x) > 0 ? "+" : "") + show(x));
const colour = (x) => (cents(x) > 0 ? "up" : cents(x) < 0 ? "down" : "");
const clock = new Intl.DateTimeFormat("zh-CN", { timeZone: "Asia/Shanghai", hour12: false,
  hour: "2-digit", minute: "2-digit", second: "2-digit" });
const when = (ns) => (ns ? clock.format(new Date(ns / 1e6)) : "–");
const day = (d) => (d ? `${String(d).slice(0, 4)}-${String(d).slice(4, 6)}-${String(d).slice(6)}` : "–");
const price = (x) => (x === null || x === undefined ? "–" : String(Number(x.toFixed(4))));

// ------------------------------------------------------------------ tables: text only, never HTML

function cell(value, kind = "") {
  const td = document.createElement("td");
  if (value instanceof Node) td.append(value); else td.textContent = value;
  if (kind) td.className = kind;
  return td;
}

// A column is [its word, class of its cells, "wide": left out where the window is narrow].
function fill(id, columns, rows, make) {
  const line = (key, cells) => {
    const tr = document.createElement("tr");
    tr.dataset.key = key;
    tr.append(...cells);
    return tr;
  };
  const head = line("head", columns.map(([key, kind, room]) => {
    const th = document.createElement("th");
    th.textContent = word(key);
    th.scope = "col";
    th.className = [kind, room].join(" ").trim();
    return th;
  }));
  const seen = {};
  const body = rows.map((row) => {
    const cells = make(row);
    columns.forEach(([, , room], i) => room && cells[i].classList.add(room));
    const key = [row.id, row.instrument, row.direction ?? row.side, row.ts, row.text].join(" ");
    seen[key] = (seen[key] ?? 0) + 1;
    const tr = line(`${key} ${seen[key]}`, cells);
    tr.dataset.id = row.id ?? "";
    return tr;
  });
  if (!rows.length) {
    const td = cell(word("none"), "empty");
    td.colSpan = columns.length;
    body.push(line("none", [td]));
  }
  renew($(id), [head, ...body]);
}

// Only what differs is touched: a button stays the same one while it is pressed, or has the focus.
function renew(table, lines) {
  const known = new Map([...table.children].map((tr) => [tr.dataset.key, tr]));
  lines.forEach((line, i) => {
    const old = known.get(line.dataset.key);
    known.delete(line.dataset.key);
    if (old) patch(old, line);
    const wanted = old ?? line;
    if (table.children[i] !== wanted) table.insertBefore(wanted, table.children[i] ?? null);
  });
  for (const tr of known.values()) tr.remove();
}

function patch(old, line) {
  [...line.children].forEach((fresh, i) => {
    const there = old.children[i];
    const same = there && ["textContent", "className", "title", "colSpan"].every((n) => there[n] === fresh[n]);
    if (!there) old.append(fresh); else if (!same) there.replaceWith(fresh);
  });
}

function hint(td, text) {
  if (text) td.title = text;
  return td;
}

function button(label, action, danger = false) {
  const b = document.createElement("button");
  b.type = "button";
  b.textContent = label;
  if (danger) b.className = "danger";
  b.addEventListener("click", action);
  return b;
}

function both(...buttons) {
  const span = document.createElement("span");
  span.className = "pair";
  span.append(...buttons);
  return span;
}

const sideWord = (row) => word(row.side) + (zh ? "" : " ") + word(row.offset);
const sideColour = (row) => (row.side === "buy" ? "up" : "down");

// ------------------------------------------------------------------ topics

const draw = {
  status(s) {
    const real = !s.simulated;
    const kind = s.kind ?? (real ? "live" : s.replay ? "replay" : "simulated");
    $("venue").textContent = word(kind) + " · " + s.gateway;
    $("venue").className = "badge " + (kind === "live" ? "real" : "sim");
    $("trading-day").textContent = day(s.trading_day);
    $("market-time").textContent = when(s.now);
    $("lines").textContent = word(s.md_connected ? "up" : "down") + " / " + word(s.td_connected ? "up" : "down");
    $("lines").title = (s.lines ?? []).map((l) => `${l.channel}: ${l.state} ${l.code ? `${l.code} ` : ""}${l.message}`).join("\n");
    // Ready or not: a feed that has gone silent says so in its message.
    const faults = (s.lines ?? []).filter((l) => l.code || l.message)
      .map((l) => [word(l.channel), l.code || "", l.message].filter(Boolean).join(" "));
    $("line-fault").textContent = faults.join(" · ");
    opaque = (s.opaque_positions ?? []).map((p) => ({ ...p, instrument: `${p.exchange}.${p.symbol}`,
      yesterday_lots: p.lots - p.today_lots, average_price: null, last_price: null, position_profit: null,
      position_profit_by_trade: null }));
    $("state").textContent = word(s.trading_state);
    $("state").className = "badge " + s.trading_state;
    $("state").title = s.trading_state_why ?? "";
    $("arm").textContent = word(s.trading_state === "active" ? "reduce" : "arm");
    $("ticks").textContent = show(s.ticks, whole);
    flattening(s);
    document.title = `${word(s.trading_state)} · Homalos`;
  },
  account(a) {
    if (!a) return;
    const profit = a.closed_profit + a.position_profit - a.fees;
    $("balance").textContent = show(a.balance);
    $("profit").textContent = signed(profit);
    $("profit").className = colour(profit);
    $("available").textContent = show(a.available);
    $("margin").textContent = show(a.margin + a.frozen_margin);
    $("fees").textContent = show(a.fees);
  },
  strategies(rows) {
    const columns = [["name"], ["instruments", "text"], ["status"], ["net"], ["closed", "", "wide"], ["floating", "", "wide"],
      ["drawdown", "", "wide"], ["sharpe", "", "wide"], ["fees", "", "wide"], ["orders", "", "wide"], ["actions"]];
    fill("strategies", columns, rows, (r) => [
      cell(r.id), cell((r.instruments ?? []).join(" "), "text"), hint(cell(word(r.state)), r.why), cell(show(r.net_lots, whole)),
      cell(signed(r.closed_profit), colour(r.closed_profit)), cell(signed(r.position_profit), colour(r.position_profit)),
      cell(show(r.drawdown)), cell(show(r.sharpe)), cell(show(r.fees)), cell(show(r.orders, whole)),
      cell(r.state === "running"
        ? button(word("stop"), () => post(`/strategies/${r.id}/stop`))
        : button(word("start"), () => post(`/strategies/${r.id}/start`))),
    ]);
    knownContracts([...rows.flatMap((r) => r.instruments ?? []), ...(latest.positions ?? []).map((p) => p.instrument)]);
  },
  positions(rows) {
    const columns = [["instrument"], ["side"], ["lots"], ["today", "", "wide"], ["average"], ["last", "", "wide"],
      ["by_date"], ["by_trade", "", "wide"], ["margin", "", "wide"]];
    fill("positions", columns, [...rows, ...opaque], (p) => [
      hint(cell(p.instrument), p.kind && `${word(p.kind)}: ${word("opaque")}`), cell(word(p.direction), p.direction === "long" ? "up" : "down"),
      cell(p.today_lots + p.yesterday_lots), cell(p.today_lots), cell(price(p.average_price)), cell(price(p.last_price)),
      cell(signed(p.position_profit), colour(p.position_profit)),
      cell(signed(p.position_profit_by_trade), colour(p.position_profit_by_trade)), cell(show(p.margin)),
    ]);
  },
  orders(rows) {
    const columns = [["time", "", "wide"], ["instrument", "text"], ["side"], ["price"], ["filled"], ["status"],
      ["outcome", "", "wide"], ["strategy", "", "wide"], ["actions"]];
    const live = new Set(["submitted", "accepted", "partially_filled", "unresolved"]);
    fill("orders", columns, rows, (o) => [
      cell(when(o.ts_event || o.ts_init)), cell(o.instrument, "text"), cell(sideWord(o), sideColour(o)), cell(price(o.price)),
      cell(`${o.traded_lots}/${o.lots}`), hint(cell(word(o.status === "filled" ? "filled_status" : o.status)), o.message),
      cell(word(o.outcome)), cell(o.strategy),
      cell(live.has(o.status) ? both(button(word("replace"), () => replaceOrder(o)),
        button(word("cancel"), () => post(`/orders/${encodeURIComponent(o.id)}/cancel`))) : ""),
    ]);
  },
  intents(rows) {
    const columns = [["instrument", "text"], ["side"], ["price"], ["lots"], ["pending_lots"], ["tries", "", "wide"],
      ["stage"], ["why", "note"], ["strategy", "", "wide"], ["actions"]];
    $("intents-card").hidden = !rows.length;
    fill("intents", columns, rows, (i) => [
      cell(i.instrument, "text"), cell(word(i.side), i.side === "buy" ? "up" : "down"), cell(i.price === null ? word("at_market") : price(i.price)),
      cell(i.lots), cell(i.pending_lots), cell(i.tries), cell(word(`stage_${i.stage}`)),
      cell(i.why.includes(" / ") ? i.why.split(" / ")[zh ? 1 : 0] : i.why, "note"), cell(i.strategy),
      cell(button(word("cancel"), () => post(`/orders/${encodeURIComponent(i.id)}/cancel`))),
    ]);
  },
  conditionals(rows) {
    const columns = [["instrument", "text"], ["side"], ["kind"], ["source", "", "wide"], ["trigger"], ["limit_price", "", "wide"],
      ["lots"], ["status"], ["strategy", "", "wide"], ["actions"]];
    const waits = new Set(["waiting", "armed", "triggered"]);
    fill("conditionals", columns, rows, (o) => [
      hint(cell(o.instrument, "text"), zh ? o.note_zh : o.note_en), cell(word(o.side) + (zh ? "" : " ") + word(o.opens ? "entry" : "exit"), sideColour(o)),
      cell(word(o.kind === "stop" ? "stop_kind" : o.kind)), cell(word(o.source)), cell(price(o.trigger)),
      cell(o.limit === null ? word("at_market") : price(o.limit)), cell(`${o.traded_lots}/${o.lots}`),
      hint(cell(word(o.suspended && o.status === "armed" ? "suspended" : o.status)), o.suspended || o.why), cell(o.strategy),
      cell(waits.has(o.status) ? button(word("cancel"), () => post(`/conditionals/${encodeURIComponent(o.id)}/cancel`)) : ""),
    ]);
  },
  trades(rows) {
    const columns = [["time"], ["instrument", "text"], ["side"], ["price"], ["lots"], ["fee", "", "wide"],
      ["closed", "", "wide"], ["strategy", "", "wide"]];
    fill("trades", columns, rows, (t) => [
      cell(when(t.ts_event)), cell(t.instrument, "text"), cell(sideWord(t), sideColour(t)), cell(price(t.price)),
      cell(t.lots), cell(show(t.fee)), cell(t.offset === "open" ? "" : signed(t.closed_profit), colour(t.closed_profit)), cell(t.strategy),
    ]);
  },
  alerts(rows) {
    fill("alerts", [["time"], ["status", "text"], ["source", "text", "wide"], ["text", "text"]], rows, (a) => [
      cell(when(a.ts)), cell(word(a.severity), `text ${a.severity}`), cell(a.source, "text"), cell(a.text, "note"),
    ]);
  },
};

// Progress of every flatten until it is flat: a line for each book's lots, with what they wait for.
function flattening(s) {
  const jobs = s.flatten ?? [];
  $("flatten-card").hidden = !jobs.length;
  const bilingual = (text) => (text.includes(" / ") ? text.split(" / ")[zh ? 1 : 0] : text);
  $("flatten-text").textContent = [...new Set(jobs.map((j) => j.text).filter(Boolean).map(bilingual))].join(" · ");
  const rows = jobs.flatMap((j) => (j.legs.length ? j.legs : [{}]).map((leg) => ({ ...leg, job: j, id: j.id })));
  const columns = [["scope"], ["strategy", "text"], ["instrument", "text"], ["side"], ["to_close"], ["to_cancel"], ["step"], ["status", "text"], ["actions"]];
  fill("flatten", columns, rows, (r) => [
    cell(word(r.job.until ? "day_flat" : `scope_${r.job.scope}`)), cell(r.strategy ?? r.job.strategy, "text"),
    cell(r.instrument ?? r.job.instrument, "text"), cell(r.direction ? word(r.direction) : "", r.direction === "long" ? "up" : "down"),
    cell(r.lots ?? 0), cell(r.job.orders), cell(r.step ?? ""),
    hint(cell(bilingual(r.waits || word(`stage_${r.job.stage}`)), "note"), r.job.text),
    cell(button(word("end_flatten"), () => post("/risk/flatten/end", { reason: "console", strategy: r.job.strategy }))),
  ]);
}

// ------------------------------------------------------------------ commands

async function post(path, body = {}) {
  const answer = await fetch("/api/v1" + path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Console": "1" },
    body: JSON.stringify(body),
  }).catch(() => null);
  if (!answer) refused("lost");
  else if (answer.status === 401) line("ended");
  else if (!answer.ok) refused((await answer.json().catch(() => ({}))).detail ?? `HTTP ${answer.status}`);
  return answer ? answer.ok : null;
}

function ask(key, about = "") {
  $("question").textContent = word(key);
  $("question-about").textContent = about;
  const dialog = $("confirm");
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((done) => dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), { once: true }));
}

$("kill").addEventListener("click", () => {
  const names = (latest.strategies ?? []).map((r) => r.id);
  $("kill-strategy").replaceChildren(...[...names, "manual"].map((name) => new Option(name, name)));
  const down = latest.status && !latest.status.td_connected;
  $("kill-phone").textContent = down ? word("line_down") + (latest.status.broker_phone || "–") : "";
  document.querySelector("input[name=scope][value=cancel]").checked = true;
  $("kill-dialog").returnValue = "no";
  $("kill-dialog").showModal();
});
$("kill-strategy").addEventListener("focus", () => {
  document.querySelector("input[name=scope][value=strategy]").checked = true;
});
$("kill-dialog").addEventListener("close", () => {
  if ($("kill-dialog").returnValue !== "yes") return;
  const scope = document.querySelector("input[name=scope]:checked").value;
  post("/risk/kill", { reason: "console", scope, strategy: scope === "strategy" ? $("kill-strategy").value : "" });
});
$("arm").addEventListener("click", async () => {
  if (latest.status?.trading_state === "active") return post("/risk/state", { state: "reducing", reason: "console" });
  if (await ask("ask_arm")) post("/risk/state", { state: "active", reason: "console" });
});
$("language").addEventListener("click", () => {
  zh = !zh;
  localStorage.setItem("language", zh ? "zh" : "en");
  translate();
});

// Two things may have to be said: that the line is down, until it is up again; and why a command was
// refused, until the reader has read it.
const notices = { line: "", refusal: "" };

function line(key) {
  notices.line = key;
  tell();
}

function refused(text) {
  notices.refusal = text;
  tell();
}

function tell() {
  const text = notices.line || notices.refusal;
  $("notice").hidden = !text;
  $("notice-text").textContent = text ? word(text) : "";
  $("notice-read").hidden = Boolean(notices.line);
}
$("notice-read").addEventListener("click", () => refused(""));

function translate() {
  document.documentElement.lang = zh ? "zh" : "en";
  $("language").textContent = zh ? "EN" : "中文";
  for (const element of document.querySelectorAll("[data-i18n]")) element.textContent = word(element.dataset.i18n);
  ticketWords();
  for (const [topic, data] of Object.entries(latest)) draw[topic](data);
  tell();
}

// ------------------------------------------------------------------ the socket

function connect(delay = 500) {
  const socket = new WebSocket(`ws://${location.host}/api/v1/ws`);
  socket.onopen = () => { delay = 500; };
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    latest[message.t] = message.d;
    document.body.classList.remove("stale");
    if (notices.line) line("");
    if (!document.hidden) draw[message.t](message.d);
  };
  socket.onclose = async () => {
    document.body.classList.add("stale");
    const answer = await fetch("/api/v1/system/status").catch(() => null);
    line(answer?.status === 401 ? "ended" : "lost");
    setTimeout(() => connect(Math.min(delay * 2, 10000)), delay);
  };
}

document.addEventListener("visibilitychange", () => { if (!document.hidden) translate(); });
