// How near the limits are: losses and margin with the levels of their watches, circuit breakers that
// are open, and the counters of programme trading, the fullest first.
"use strict";
const COUNTERS_SHOWN = 8;
const percent = (x) => `${Number(x.toFixed(2))} %`;
const figure = (yuan, share) => [yuan === null ? "" : show(yuan), share === null ? "" : percent(share)].filter(Boolean).join(" · ") || "–";

function lossRows(losses) {
  const levels = (of, what, name) => losses.levels
    .filter((l) => l.of === of && l.what === what && (of === "account" || !l.strategies.length || l.strategies.includes(name)))
    .map((l) => `${l.percent === undefined ? show(l.yuan, whole) : percent(l.percent)} ${word(`act_${l.action}`)}`).join(" · ");
  const row = (of, name, what, f) => ({ id: `${name} ${what}`, what: word(what), of: of === "account" ? word("account") : name,
    now: figure(f.yuan, f.percent), limit: figure(f.limit_yuan ?? null, f.limit_percent ?? null), levels: levels(of, what, name), text: f.stands ?? "", hot: Boolean(f.stands) });
  const account = losses.account;
  return [
    ...["day_loss", "drawdown", "margin_use"].map((what) => row("account", "account", what, account[what])),
    ...losses.strategies.flatMap((s) => ["day_loss", "drawdown"].map((what) => row("strategy", s.id, what, s[what])))
      .filter((r) => r.limit !== "–" || r.levels),
  ];
}

function counterRows(programme) {
  const rows = [];
  const take = (of, row, names) => names.forEach((name) => {
    const count = row[name];
    if (row.exempt || !count.limit || !count.count) return;
    rows.push({ id: `${of} ${name}`, what: word(`count_${name}`), of, now: show(count.count, whole), limit: show(count.limit, whole),
      levels: count.soft === null ? "" : `${show(count.soft, whole)} ${word("act_deny")}`, text: row.source, hot: count.soft !== null && count.count >= count.soft, share: count.count / count.limit });
  });
  programme.exchanges.forEach((row) => take(row.exchange, row, ["bursts", "messages"]));
  programme.contracts.forEach((row) => take(row.instrument, row, ["cancels", "large_cancels", "self_trades", "messages"]));
  return rows.sort((a, b) => b.share - a.share).slice(0, COUNTERS_SHOWN);
}

draw.limits = ({ losses, programme, breakers }) => {
  const open = breakers.map((b) => ({ id: `breaker ${b.strategy}`, what: word("breaker"), of: b.strategy || word("account"), now: show(b.count, whole),
    limit: show(b.limit, whole), levels: `${word("until")} ${when(b.until)}`, text: b.why, hot: true, breaker: b }));
  const rows = [...open, ...lossRows(losses), ...counterRows(programme)];
  fill("limits", [["limit_of", "text"], ["subject", "text"], ["now"], ["at_most"], ["levels", "text", "wide"], ["actions"]], rows, (r) => [
    hint(cell(r.what, r.hot ? "text error" : "text"), r.text), cell(r.of, "text"), cell(r.now, r.hot ? "error" : ""), cell(r.limit), cell(r.levels, "text"),
    cell(r.breaker ? button(word("close_breaker"), () => post("/risk/breakers/close", { strategy: r.breaker.strategy, reason: "console" })) : ""),
  ]);
};
