// The run as a Python program: the same data, first weights and settings, trained by microgradx.

const MODULES = {
  identity: "",
  relu: "ReLU",
  leaky_relu: "LeakyReLU",
  tanh: "Tanh",
  sigmoid: "Sigmoid",
  softplus: "Softplus",
  elu: "ELU",
  silu: "SiLU",
  gelu: "GELU",
  sin: "",
};

function pythonProgram({trainer}) {
  const {
      network,
      settings,
      training,
      snapshots: [first],
    } = trainer,
    {sizes, acts} = network;
  const {loss, optimiser, rate, momentum, decay, seed} = settings;
  const layers = acts.flatMap((act, l) => [
    `Linear(${sizes[l]}, ${sizes[l + 1]})`,
    ...(MODULES[act] ? [`${MODULES[act]}()`] : act === "sin" ? ["Sine()"] : []),
  ]);
  const state = acts.map((_, l) =>
    Array.from({length: sizes[l + 1]}, (__, j) => {
      const row = [...first.weights.slice(network.row(l, j), network.row(l, j) + sizes[l] + 1)].map(exact);
      return row;
    }),
  );
  const places = [],
    lines = [];
  let at = 0;
  acts.forEach((act) => {
    places.push(at);
    at += MODULES[act] || act === "sin" ? 2 : 1;
  });
  const made = {
    sgd: `SGD(model.parameters(), lr=${rate}, weight_decay=${decay})`,
    momentum: `SGD(model.parameters(), lr=${rate}, momentum=${momentum}, weight_decay=${decay})`,
    adam: `Adam(model.parameters(), lr=${rate}, weight_decay=${decay})`,
  }[optimiser];
  const names = [...new Set(acts.map((act) => MODULES[act]).filter(Boolean))];
  const lossLine = {squared: "mse(z, t)", hinge: "hinge(z, t)", "cross entropy": "bce_with_logits(z, (t + 1) / 2)"}[
    loss
  ];
  const shuffled = trainer.size < trainer.train;
  lines.push(
    `from microgradx.nn import ${["Linear", "Sequential", ...names, lossLine.split("(")[0]].sort().join(", ")}`,
    ...(acts.includes("sin") ? ["from microgradx import sin", "from microgradx.nn.activation import Elementwise"] : []),
    ...(shuffled ? ["from microgradx.show.web.chance import Chance"] : []),
    `from microgradx.training import ${made.split("(")[0]}`,
    "",
    ...(acts.includes("sin") ? ["", "class Sine(Elementwise):", "    row = sin", "", ""] : []),
    `xs = [${training.map(({x}) => `[${x.map(exact).join(", ")}]`).join(", ")}]`,
    `ts = [${training.map(({t}) => exact(t)).join(", ")}]`,
    `model = Sequential(${layers.join(", ")})`,
    "model.load_state_dict({",
    ...state.flatMap((rows, l) => [
      `    "${places[l]}.weight": [${rows.map((row) => `[${row.slice(0, -1).join(", ")}]`).join(", ")}],`,
      `    "${places[l]}.bias": [${rows.map((row) => row.at(-1)).join(", ")}],`,
    ]),
    "})",
    `optimiser = ${made}`,
    `size, updates = ${trainer.size}, ${trainer.t}`,
    "",
    "for k in range(updates):",
    ...(shuffled
      ? [
          `    epoch, start = divmod(k, ${trainer.perEpoch})`,
          `    batch = Chance(${seed}, ${STREAMS.epochs} + epoch).shuffled(len(xs))[start * size:(start + 1) * size]`,
        ]
      : ["    batch = range(len(xs))"]),
    "    optimiser.zero_grad()",
    `    loss = sum(${lossLine} for i in batch for z, t in [(model(xs[i])[0], ts[i])]) / len(batch)`,
    "    loss.backward()",
    "    optimiser.step()",
    "    if k % 10 == 0:",
    "        print(k, loss.data)",
    "print([p.data for p in model.parameters()])",
    "",
  );
  return lines.join("\n");
}

function showProgram() {
  byId("program").value = pythonProgram(lab);
  byId("program-card").open = true;
  byId("program").focus();
  byId("program").select();
  document.execCommand("copy");                         // a page from disk may use nothing newer
  const {snapshots, settings} = lab.trainer,
    changed = snapshots.some((found) => found.settings !== settings);
  write(
    byId("program-note"),
    changed
      ? "Copied. Settings changed on the way; the program has the last ones from the start."
      : "Copied. It trains the same network from the same first weights to this update.",
  );
}
