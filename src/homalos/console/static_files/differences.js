// Where books and venue differ, and whose the lots were that are gone: both a person's to decide.
"use strict";

draw.reconciliation = (state) => {
  $("differences-card").hidden = !state.differences.length && !state.missing.length;
  $("differences").replaceChildren(...state.differences.map((text) => {
    const line = document.createElement("li");
    line.textContent = text;
    return line;
  }));
  $("differences-note").textContent = !state.differences.length ? "" : word(state.confirmed ? "differences_confirmed" : "differences_once");
  $("accept").hidden = !state.confirmed;
  const rows = state.missing.flatMap((gone) => gone.owners.map((owner) => ({ ...gone, ...owner, gone: gone.lots, id: owner.strategy })));
  $("missing-part").hidden = !rows.length;
  fill("missing", [["instrument", "text"], ["side"], ["gone", "", "wide"], ["strategy"], ["lots"], ["actions"]], rows, (r) => [
    cell(r.instrument, "text"), cell(word(r.direction), r.direction === "long" ? "up" : "down"), cell(r.gone), cell(r.strategy),
    cell(r.lots), cell(button(word("assign"), () => assign(r))),
  ]);
};

async function assign(row) {
  const text = `${row.instrument} · ${word(row.direction)} · ${row.strategy}`;
  if (await ask("ask_assign", text)) {
    post("/reconciliation/assign", { instrument: row.instrument, direction: row.direction, strategy: row.strategy, lots: 1 });
  }
}

$("accept").addEventListener("click", async () => {
  const shown = latest.reconciliation.differences; // what the person has read, not what may come meanwhile
  if (await ask("ask_accept", shown.join("; "))) post("/reconciliation/accept", { differences: shown });
});
$("compare").addEventListener("click", () => post("/reconciliation/ask"));
