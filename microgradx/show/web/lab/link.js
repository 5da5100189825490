// The address's fragment: a link shares what is on the page. What is too long or makes no sense is refused with a line,
// and changes nothing.

const LONGEST = 8192;                                   // characters of a fragment

// What the page shows, as a fragment: an expression with its numbers and step, or the settings of a network.
function fragment() {
  const parts = new URLSearchParams();
  const {view} = document.body.dataset;
  if (view === "expression") {
    parts.set("e", typed.text);
    state.graph.nodes.forEach(({op, name}, k) => {
      if (op === null && typed.names.includes(name)) parts.set(`v.${name}`, exact(state.leaves[k]));
    });
    if (state.at) parts.set("at", state.at);
  } else {
    const {config, mission} = lab;
    if (mission) parts.set("m", mission);
    for (const [key, x] of Object.entries(config)) {
      if (key === "layers") parts.set("layers", x.map(({units, act}) => `${units}${act}`).join(","));
      else if (key === "own") {
        if (x.length && config.data === "own") parts.set("own", x.map(({x: [a, b], t}) => `${a} ${b} ${t}`).join(","));
      } else if (x !== CONFIG[key]) parts.set(key, x);
    }
  }
  return parts.toString();
}

function share() {
  const text = fragment();
  if (text.length > LONGEST) return;
  try {
    history.replaceState(null, "", `#${text}`);
  } catch {
    // a page inside a frame without an address of its own has no link to share
  }
}

// Takes over a fragment. Returns an error message, or "".
function openFragment(text) {
  if (!text) return "";
  if (text.length > LONGEST) return `The link has ${text.length} characters; at most ${LONGEST} are read.`;
  const parts = new Map(new URLSearchParams(text));
  if (parts.has("e")) return openExpression(parts);
  if (parts.has("m") && !Object.hasOwn(MISSIONS, parts.get("m")))
    return `The link names no mission: ${cut(parts.get("m"), 40)}`;
  if (parts.has("m") && parts.size === 1) {
    openMission(parts.get("m"));
    return "";
  }
  const {config, error} = configOf(parts);
  if (error) return `The link is not read: ${error}`;
  openView("network");
  alter({config, playing: false, unit: null});
  return "";
}

function openExpression(parts) {
  const numbers = Object.create(null);
  for (const [key, text] of parts) {
    if (!key.startsWith("v.")) continue;
    const x = parsed(text);
    if (x === undefined) return `The link gives ${cut(key.slice(2), 20)} no number: ${cut(text, 40)}`;
    numbers[key.slice(2)] = x;
  }
  const error = tryExpression(parts.get("e"), numbers);
  if (error) return `The link is not read: ${error.message}`;
  openView("expression");
  const at = Number(parts.get("at") ?? 0);
  if (Number.isInteger(at)) go(at, false);
  return "";
}

// The settings in a fragment, each checked: {config} or {error}.
function configOf(parts) {
  const config = {...CONFIG};
  for (const [key, text] of parts) {
    if (key === "m") continue;
    if (!Object.hasOwn(CONFIG, key)) return {error: `${cut(key, 30)} is no setting`};
    if (key === "layers") {
      const layers = text ? text.split(",").map((part) => part.match(/^([1-8])(\w+)$/)) : [];
      if (layers.length > MOST_LAYERS || !layers.every((found) => found && Object.hasOwn(activate, found[2]))) {
        return {error: `layers: ${cut(text, 40)}`};
      }
      config.layers = layers.map(([, units, act]) => ({units: Number(units), act}));
    } else if (key === "own") {
      const {samples, error} = pasted(text.replaceAll(",", "\n"));
      if (error) return {error};
      config.own = samples;
    } else if (Object.hasOwn(CHOICES, key)) {
      if (!CHOICES[key]().some(([value]) => value === text)) return {error: `${key}: ${cut(text, 40)}`};
      config[key] = text;
    } else {
      const [low, high, whole] = NUMBERS[key],
        x = Number(text);
      if (text.trim() === "" || !(x >= low && x <= high) || (whole && !Number.isInteger(x)))
        return {error: `${key}: ${cut(text, 40)}`};
      config[key] = x;
    }
  }
  return {config};
}
