// The controls of the network: data and layers for all, the rest folded away. Each control is one entry of config.

const NUMBERS = {
  // the range of each number, and whether it is whole
  count: [1, 500, true],
  noise: [0, 1],
  share: [0, 0.9],
  seed: [0, 1e9, true],
  rate: [0, 1000],
  momentum: [0, 0.999],
  batch: [0, 500, true],
  decay: [0, 10],
};
const CHOICES = {
  data: () => Object.entries(DATA).map(([key, {title}]) => [key, title]),
  init: () => [
    ["xavier", "Xavier"],
    ["kaiming", "Kaiming"],
    ["uniform", "uniform \u00b11"],
    ["zeros", "zeros"],
  ],
  loss: () => Object.keys(lossOf).map((key) => [key, key]),
  optimiser: () => Object.entries(OPTIMISERS).map(([key, {title}]) => [key, title]),
};
const MOST_LAYERS = 6,
  MOST_UNITS = 8;

function setConfig(part) {
  alter({config: {...lab.config, ...part}, message: "", mission: null});
}

function buildControls() {
  for (const [key, choices] of Object.entries(CHOICES)) {
    const select = byId(`set-${key}`);
    select.replaceChildren(...choices().map(([value, title]) => element("option", {value}, title)));
    select.addEventListener("change", () =>
      setConfig({[key]: select.value, ...(key === "data" ? fitting(select.value) : {})}),
    );
  }
  for (const [key, [low, high, whole]] of Object.entries(NUMBERS)) {
    const field = byId(`set-${key}`);
    field.addEventListener("change", () => {
      const x = parsed(field.value),
        right = x !== undefined && x >= low && x <= high && (!whole || Number.isInteger(x));
      field.setAttribute("aria-invalid", String(!right));
      if (right) setConfig({[key]: x});
      else
        alter({
          message:
            `${key}: expected a ${whole ? "whole " : ""}number from ${low} to ${high}, ` +
            `got ${cut(field.value, 30)}`,
        });
    });
  }
  const {layers} = lab.config;
  byId("layer-more").addEventListener("click", () =>
    setConfig({layers: [...lab.config.layers, {...(lab.config.layers.at(-1) ?? {units: 4, act: "tanh"})}]}),
  );
  byId("layer-less").addEventListener("click", () => setConfig({layers: lab.config.layers.slice(0, -1)}));
  byId("unfold").addEventListener("click", () => {
    const open = byId("network-view").classList.toggle("unfolded");
    byId("unfold").setAttribute("aria-expanded", String(open));
  });
  byId("run-play").addEventListener("click", togglePlay);
  byId("run-step").addEventListener("click", () => {
    lab.trainer.step();
    alter({playing: false});
  });
  byId("run-sample").addEventListener("click", stepSample);
  byId("run-epoch").addEventListener("click", () => {
    const {trainer} = lab,
      end = (trainer.epoch + 1) * trainer.perEpoch;
    while (trainer.t < Math.min(end, KEPT)) trainer.step();
    alter({playing: false});
  });
  byId("run-back").addEventListener("click", () => travel(lab.trainer.t - 1));
  byId("run-reset").addEventListener("click", () => {
    start();
    alter({playing: false});
  });
  byId("pace").addEventListener("change", () => alter({pace: byId("pace").value}));
  for (const key of ["maps", "edges"]) byId(key).addEventListener("change", () => alter({[key]: byId(key).value}));
  byId("own-clear").addEventListener("click", () => setConfig({own: []}));
  byId("own-paste").addEventListener("click", () => {
    const {samples, error} = pasted(byId("own-text").value);
    if (error) alter({message: error});
    else setConfig({data: "own", own: samples});
  });
  return layers;
}

// A loss and an output that suit the data: squared for a curve.
function fitting(data) {
  const {loss} = lab.config;
  if (data === "curve") return {loss: "squared"};
  return loss === "squared" && lab.config.data === "curve" ? {loss: "cross entropy"} : {};
}

function togglePlay() {
  if (lab.trainer.t >= KEPT)
    alter({message: `A run has at most ${KEPT.toLocaleString("en")} updates; reset it to go on.`});
  else if (!lab.trainer.training.length)
    alter({message: "There are no points to train on: press into the output to add some."});
  else alter({playing: !lab.playing, message: ""});
}

// One sample alone: its gradient, and the update it would make by itself.
function stepSample() {
  const {trainer} = lab,
    next = ((lab.sample ?? -1) + 1) % Math.max(1, trainer.train);
  alter({sample: next, unit: lab.unit ?? {l: trainer.network.depth - 1, j: 0}, playing: false});
}

// A view of the lab: the controls show config.
function showControls({config, pace, maps, edges}) {
  for (const key of [...Object.keys(CHOICES), ...Object.keys(NUMBERS)]) {
    const field = byId(`set-${key}`);
    if (document.activeElement !== field && field.value !== String(config[key])) {
      field.value = config[key];
      field.setAttribute("aria-invalid", "false");
    }
  }
  Object.entries({pace, maps, edges}).forEach(([id, value]) => {
    byId(id).value = value;
  });
  byId("own-card").hidden = config.data !== "own";
  enable("layer-more", config.layers.length < MOST_LAYERS, "layer-less");
  enable("layer-less", config.layers.length > 0, "layer-more");
  write(byId("layer-count"), `${config.layers.length} hidden layer${config.layers.length === 1 ? "" : "s"}`);
  showLayers(config.layers);
}

function showLayers(layers) {
  const place = byId("layers"),
    text = JSON.stringify(layers);
  if (place.dataset.text === text) return;
  place.dataset.text = text;
  refill(
    place,
    layers.map(({units, act}, l) => {
      const change = (part) =>
        setConfig({layers: lab.config.layers.map((layer, k) => (k === l ? {...layer, ...part} : layer))});
      const less = element("button", {"aria-label": `One unit less in layer ${l + 1}`}, "\u2212");
      const more = element("button", {"aria-label": `One unit more in layer ${l + 1}`}, "+");
      less.disabled = units <= 1;
      more.disabled = units >= MOST_UNITS;
      less.addEventListener("click", () => change({units: units - 1}));
      more.addEventListener("click", () => change({units: units + 1}));
      const select = element(
        "select",
        {"aria-label": `Activation of layer ${l + 1}`},
        ...Object.keys(activate).map((name) => element("option", {value: name}, name)),
      );
      select.value = act;
      select.addEventListener("change", () => change({act: select.value}));
      return element(
        "div",
        {class: "layer"},
        less,
        element("span", {}, `${units} unit${units === 1 ? "" : "s"}`),
        more,
        select,
      );
    }),
  );
}
