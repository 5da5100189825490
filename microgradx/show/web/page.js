// The page: the current step, how it is shown, and what changes when a leaf is set to another number.

const {nodes, steps, rules} = JSON.parse(byId("graph").textContent);
const given = nodes.map((node) => Number(node.data));   // as recorded in Python
const count = nodes.length, root = count - 1, last = count + steps.length - 1;
const uses = nodes.map(() => 0);
for (const [node, i] of steps) uses[i === null ? node : nodes[node].args[i]] += 1;

const now = {leaves: [...given]};                       // the leaves as the reader set them, and all results
let at = 0;                                             // the current step: forward steps first, one for each node
const revealed = new Set();                             // with Predict on, the steps whose numbers were revealed
const score = {right: 0, asked: 0};

function compute() {
  now.data = forward(nodes, now.leaves);
  now.events = backward(nodes, steps, now.data);
  now.grads = nodes.map(() => 0);
  for (const event of now.events) now.grads[event.target] = event.after;
}

// Sets leaf k to x. Returns an error message, or "".
function change(k, x) {
  const before = now.leaves[k];
  now.leaves[k] = x;
  try {
    compute();
  } catch (error) {                                     // an index outside its list
    now.leaves[k] = before;
    return error.message;
  }
  askAnew();
  render();
  return "";
}

// With new numbers every step can be predicted again.
function askAnew() {
  revealed.clear();
  clearAnswer();
}

function clearAnswer() {
  write(byId("verdict"), "");
  byId("answer").value = "";
}


// Output -------------------------------------------------------------------------------------------------------

// Whether the reader should predict this step first.
function hidden() {
  return byId("predict").checked && at > count && !revealed.has(at);
}

function render() {
  const place = at < count ? `Forward ${at + 1} of ${count}` : `Backward ${at - count + 1} of ${steps.length}`;
  const {heading, lines, heard} = described(at);
  document.body.className = at < count ? "forward" : "backward";
  write(byId("place"), place);
  write(byId("heading"), heading);
  byId("lines").replaceChildren(...lines);
  write(byId("heard"), `${place}. ${heading}. ${heard}`);
  byId("slider").value = at;
  byId("slider").setAttribute("aria-valuetext", place);
  for (const id of ["first", "back"]) byId(id).setAttribute("aria-disabled", at === 0);
  for (const id of ["next", "last"]) byId(id).setAttribute("aria-disabled", at === last && !hidden());
  byId("guess").hidden = !hidden();

  const seen = now.events.slice(0, Math.max(0, at - count + (hidden() ? 0 : 1)));
  const latest = nodes.map(() => undefined);            // for each node the last step that added to its gradient
  const passed = nodes.map((node) => node.args.map(() => undefined));
  for (const event of seen) {
    latest[event.target] = event;
    if (event.i !== null) passed[event.node][event.i] = event;
  }
  draw(latest, passed);
  panel.show((k) => !byId("predict").checked || latest[k]?.use === uses[k]);
  if (byId("all").open) table(latest);
}

function draw(latest, passed) {
  const event = at < count ? null : now.events[at - count];
  nodes.forEach((node, k) => {
    const classes = [node.op === null ? "leaf" : "result"];
    if (k === root) classes.push("root");
    if (k > at) classes.push("future");
    if (event ? event.target === k : at === k) classes.push("now");
    if (event?.node === k && event.i !== null) classes.push("from");
    const lines = node.args.map((_, i) => {
      const slope = passed[k][i] ? passed[k][i].slope : null;
      const here = event ? event.node === k && event.i === i : at === k;
      return {text: slope === null ? "" : `\u00d7 ${typeset(slope)}`,
              kind: here ? (event ? "now back" : "now") : k > at ? "future" : ""};
    });
    picture.show(k, classes.join(" "), k > at ? "" : typeset(now.data[k]), gradientSoFar(k, latest[k]), lines);
  });
  picture.follow(event ? event.target : at);
}

function gradientSoFar(k, event) {
  if (!event) return "";
  return `grad ${typeset(event.after)}${event.use < uses[k] ? " + \u2026" : ""}`;
}

// Every value as a row of the table; its name is a button to the step that computes it.
function table(latest) {
  byId("rows").replaceChildren(...nodes.map((node, k) => {
    const name = element("button", {}, node.name);
    name.addEventListener("click", () => go(k));
    const tree = node.op === null ? words("") : formula(rules[node.rule].value, named(k))[0];
    const cells = [element("math:math", {}, tree), k > at ? "" : typeset(now.data[k]), gradientSoFar(k, latest[k])];
    return element("tr", {}, element("th", {scope: "row"}, name), ...cells.map((cell) => element("td", {}, cell)));
  }));
}


// Input --------------------------------------------------------------------------------------------------------

function go(step) {
  at = Math.min(Math.max(step, 0), last);
  clearAnswer();
  render();
  if (hidden()) byId("answer").focus();
}

function next() {
  if (hidden()) reveal("");
  else go(at + 1);
}

function reveal(verdict) {
  revealed.add(at);
  render();
  write(byId("verdict"), verdict);
  byId("next").focus();
}

function judge() {
  const event = now.events[at - count], guess = parsed(byId("answer").value);
  if (guess === undefined) {
    write(byId("verdict"), "Write a number: 0.5, -2, 1e-3 or 1/3.");
    return;
  }
  const right = near(guess, event.after);
  score.asked += 1;
  score.right += Number(right);
  reveal(`${right ? "Right" : `Not quite, you wrote ${typeset(guess)}`}: grad(${nodes[event.target].name}) = `
    + `${typeset(event.after)}${right ? "" : hint(guess, event)}. ${score.right} of ${score.asked} right so far.`);
}

// The likely mistake in a guess, or "".
function hint(guess, {contribution, slope, incoming, after}) {
  if (near(guess, -after)) return " (the sign is the other)";
  if (near(guess, contribution)) return " (that is this contribution alone; the uses before it count as well)";
  if (near(guess, slope)) return " (that is the slope; the chain rule multiplies it by the incoming gradient)";
  if (near(guess, incoming)) return " (that is the incoming gradient; the chain rule multiplies it by the slope)";
  return "";
}

// Right to one part in a hundred: rounding is no mistake.
function near(guess, x) {
  return Object.is(guess, x) || guess === x || Math.abs(guess - x) <= 0.01 * Math.abs(x);
}

// A click on a box: forward, go to the step that computes it; backward, to the step that completes its gradient.
function choose(k) {
  go(at < count ? k : count + now.events.findLastIndex((event) => event.target === k));
  panel.rows[k]?.all.scrollIntoView({block: "nearest"});
}

const picture = new Picture(byId("picture"), nodes, choose);
const panel = new Panel(byId("leaves"), change);

byId("slider").max = last;
byId("ahead").style.flexGrow = count;
byId("behind").style.flexGrow = steps.length;
byId("first").addEventListener("click", () => go(0));
byId("back").addEventListener("click", () => go(at - 1));
byId("next").addEventListener("click", next);
byId("last").addEventListener("click", () => go(last));
byId("slider").addEventListener("input", () => go(Number(byId("slider").value)));
byId("predict").addEventListener("change", () => { revealed.clear(); go(at); });
byId("check").addEventListener("click", judge);
byId("reveal").addEventListener("click", () => reveal(""));
byId("answer").addEventListener("keydown", (key) => {
  if (key.key !== "Enter") return;
  key.preventDefault();                                 // else Enter would press the button that gets the focus
  judge();
});
byId("reset").addEventListener("click", () => { now.leaves = [...given]; askAnew(); compute(); render(); });
byId("all").addEventListener("toggle", render);

const KEYS = {ArrowLeft: () => go(at - 1), ArrowRight: next, Home: () => go(0), End: () => go(last)};
document.addEventListener("keydown", (key) => {
  if (key.target.matches("input:not([type=checkbox])") || key.altKey || key.ctrlKey || key.metaKey) return;
  if (!(key.key in KEYS)) return;
  key.preventDefault();
  KEYS[key.key]();
});

compute();
const stale = nodes.find((node, k) => Math.abs(now.data[k] - given[k]) > 1e-9 * Math.abs(given[k]));
if (stale) {
  write(byId("note"), `All numbers are computed anew from the leaves. ${stale.name} was ${typeset(Number(stale.data))} `
    + "when the graph was recorded: a leaf was set to another number since, or the graph magnifies rounding.");
  byId("note").hidden = false;
}
render();
