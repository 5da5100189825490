// The stepper put together: its views in order, and what its buttons do. The last file but one of every page.

const picture = new Picture(byId("picture"));
const board = new Board(),
  closer = new Closer(byId("closer")),
  player = new Player(),
  panel = new Panel(byId("leaves"));
const pulse = new Pulse(picture);

views.push(
  (now) => player.show(now),
  (now) => board.show(now),
  (now) => picture.show(now),
  (now) => pulse.show(now),
  (now) => panel.show(now),
  (now) => closer.show(now),
);

byId("check").addEventListener("click", judge);
byId("reveal").addEventListener("click", () => reveal(""));
byId("answer").addEventListener("keydown", (key) => {
  if (key.key !== "Enter") return;
  key.preventDefault();                                 // else Enter would press the button that gets the focus
  judge();
});
byId("reset").addEventListener("click", () => change({leaves: [...state.given], ...FRESH, past: []}));
byId("told").addEventListener("change", () => change({told: byId("told").checked}));
byId("down").addEventListener("click", () => {
  const rate = parsed(byId("rate").value);
  byId("rate").setAttribute("aria-invalid", String(rate === undefined));
  if (rate !== undefined) stepDown(rate);
});
byId("undo").addEventListener("click", undoStep);
byId("fold").addEventListener("click", () => change({open: new Set()}));
byId("fit").addEventListener("click", () => picture.viewport.fit());
byId("zoom-in").addEventListener("click", () => picture.viewport.zoom(1.3));
byId("zoom-out").addEventListener("click", () => picture.viewport.zoom(1 / 1.3));
byId("all").addEventListener("toggle", () => board.show(state));

// What a graph recorded in Python no longer says of its leaves.
function noteStale({nodes}) {
  const stale = nodes.find(
    ({data}, k) => data !== undefined && Math.abs(state.data[k] - Number(data)) > 1e-9 * Math.abs(Number(data)),
  );
  byId("note").hidden = !stale;
  if (!stale) return;
  write(
    byId("note"),
    `All numbers are computed anew from the leaves. ${stale.name} was ${typeset(Number(stale.data))} ` +
      "when the graph was recorded: a leaf was set to another number since, or the graph magnifies rounding.",
  );
}
