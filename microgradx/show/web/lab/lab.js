// The lab put together: its data, its views, the way between the levels (network, unit, graph of scalars, step), and
// the field for an expression.

const diagram = new Diagram(byId("diagram")),
  output = new Output(byId("output")),
  curves = new Curves(byId("curves"), byId("shares"));
const unitPanel = new UnitPanel(byId("unit"));

labViews.push(
  showControls,
  (now) => diagram.show(now),
  (now) => output.show(now),
  (now) => curves.show(now),
  showCompare,
  (now) => unitPanel.show(now),
  showHealth,
);

// Shows one view: the network, the expression, or the graph of scalars of one unit.
function openView(view, crumbs = []) {
  const {activeElement: focused} = document;
  document.body.dataset.view = view;
  for (const id of ["network", "expression"]) byId(`tab-${id}`).setAttribute("aria-current", String(id === view));
  byId("network-view").hidden = view !== "network";
  byId("expression-view").hidden = view !== "expression";
  byId("step-view").hidden = view === "network";
  const mission = MISSIONS[lab.mission];                // its question stands where it is asked
  byId("mission-card").hidden = !mission || Boolean(mission.expression) !== (view === "expression");
  byId("crumbs").replaceChildren(
    ...crumbs.flatMap(({text, act}, k) => {
      const part = act ? element("button", {}, text) : element("span", {}, text);
      if (act) part.addEventListener("click", act);
      return k ? [" \u203a ", part] : [part];
    }),
  );
  byId("crumbs").hidden = crumbs.length === 0;
  if (view !== "network") alter({playing: false});
  else askFrame();
  if (!focused.isConnected || !focused.checkVisibility())
    byId(view === "graph" ? "next" : `tab-${view}`).focus({preventScroll: true});
  scrollTo(0, 0);
}

const FEW = 30;                                         // values of a unit's graph that can be read one by one

// From a unit to its chain rule: the loss of one sample as scalars, at the step that completes the unit's gradient.
function openScalar(unit, s) {
  const {network, samples, settings} = lab.trainer;
  const nodes = scalarGraph(network, samples[s], settings.loss);
  const name = scalarName(network, unit);
  openView("graph", [
    {text: "Network", act: () => openView("network")},
    {
      text: unitName(network, unit),
      act: () => {
        openView("network");
        alter({unit});
      },
    },
    {text: `Point ${s + 1}: the loss of this sample alone, not the mean of a batch`},
  ]);
  typed.numbers ??= numbersNow();
  openGraph(graphOf(nodes, {single: FEW, open: nodes.length > FEW ? openAround(network, unit.l, unit.j) : []}));
  const k = nodes.findIndex((node) => node.name === name);
  const at = state.events.findLastIndex((event) => event.target === k);
  change({at: count() + at, chosen: {node: k}});
  picture.viewport.fit();
}

byId("tab-network").addEventListener("click", () => {
  openView("network");
  share();
});
byId("tab-expression").addEventListener("click", () => {
  const numbers = typed.text ? (typed.numbers ?? numbersNow()) : PRESETS.neuron[1];
  if (tryExpression(byId("expression").value, numbers)) choosePreset("neuron");
  openView("expression");
  share();
});
byId("program-make").addEventListener("click", showProgram);
byId("mission-close").addEventListener("click", () => {
  byId("run-play").focus();
  byId("mission-card").hidden = true;
  alter({mission: null});
  share();
});

listenToKeys(() => document.body.dataset.view !== "network");
document.addEventListener("keydown", (key) => {
  if (document.body.dataset.view !== "network" || key.altKey || key.ctrlKey || key.metaKey) return;
  if (key.target.matches("input, textarea, select, button, [role=button], canvas")) return;
  const acts = {
    " ": togglePlay,
    ArrowRight: () => byId("run-step").click(),
    ArrowLeft: () => travel(lab.trainer.t - 1),
  };
  if (!(key.key in acts)) return;
  key.preventDefault();
  acts[key.key]();
});
addEventListener("hashchange", () => {
  const error = openFragment(location.hash.slice(1));
  write(byId("note"), error);
  byId("note").hidden = !error;
});

buildControls();
buildCompare();
buildExpression();
showMissions();
views.push(() => document.body.dataset.view === "expression" && share());

byId("expression").value = PRESETS.neuron[0];
tryExpression(...PRESETS.neuron);
openView("network");
alter({config: GIVEN ? {...CONFIG, ...GIVEN.config} : CONFIG});
const refused = openFragment(location.hash.slice(1));
if (refused) {
  write(byId("note"), refused);
  byId("note").hidden = false;
}
