// Two runs side by side: the settings in which they differ, and how far each came; and the way back to the one before.

const LABELS = {layers: "Hidden layers", own: "Your points"};   // of settings that no single control stands for

function buildCompare() {
  byId("runs-swap").addEventListener("click", swapRuns);
}

// A view of the lab.
function showCompare({trainer, earlier, seen}) {
  byId("runs").hidden = !earlier;
  if (!earlier || !byId("runs").open) return;
  const row = (name, now, before) =>
    element("tr", {}, element("th", {scope: "row"}, name), element("td", {}, now), element("td", {}, before));
  const rows = [
    ...Object.keys(CONFIG)
      .filter((key) => told(key, trainer.settings) !== told(key, earlier.settings))
      .map((key) => row(settingName(key), told(key, trainer.settings), told(key, earlier.settings))),
    ...outcomes(trainer, seen.score).map(([name, now], k) =>
      row(name, now, outcomes(earlier, earlier.scores.at(-1))[k][1]),
    ),
  ];
  const text = rows.map((found) => found.textContent).join("\n");
  if (byId("runs-rows").dataset.text === text) return;
  byId("runs-rows").dataset.text = text;
  byId("runs-rows").replaceChildren(...rows);
}

function settingName(key) {
  return LABELS[key] ?? byId(`set-${key}`).labels[0].firstChild.data.trim();
}

// A setting of a run in words, as its control shows it.
function told(key, settings) {
  const x = settings[key];
  if (key === "layers") return layersTold(x);
  if (key === "own") return String(x.length);
  return Object.hasOwn(CHOICES, key) ? CHOICES[key]().find(([value]) => value === x)[1] : String(x);
}

// "8 tanh, 4 relu", and "6 times 8 tanh" where they are alike.
function layersTold(layers) {
  const texts = layers.map(({units, act}) => `${units} ${act}`);
  const alike = texts.length > 1 && texts.every((text) => text === texts[0]);
  return alike ? `${texts.length} times ${texts[0]}` : texts.join(", ") || "none";
}

function outcomes({network}, {t, train, test}) {
  const classes = network.sizes[0] === 2;
  const part = (found) =>
    found ? `${brief(found.loss, 4)}${classes ? `, ${percent(found.right)} right` : ""}` : "no points";
  return [
    ["Updates", String(t)],
    ["Training loss", part(train)],
    ["Test loss", part(test)],
  ];
}

// The run before with its weights, settings and its own time; this one becomes the run before.
function swapRuns() {
  const {trainer, earlier} = lab;
  trainer.measure();
  Object.assign(lab, {trainer: earlier, earlier: trainer, config: earlier.settings});
  alter({playing: false, unit: null, edge: null, sample: null, mission: null, message: ""});
}
