// The controls of the steps: back, next, play, speed, the slider, predict; and the keys.

const PAUSE = 900;                                      // milliseconds between two steps at normal speed

class Player {
  constructor() {
    this.timer = 0;
    byId("first").addEventListener("click", () => go(0));
    byId("back").addEventListener("click", () => go(state.at - 1));
    byId("next").addEventListener("click", forth);
    byId("last").addEventListener("click", () => go(lastStep()));
    byId("play").addEventListener("click", () => this.toggle());
    byId("speed").addEventListener("change", () => change({speed: Number(byId("speed").value)}));
    byId("slider").addEventListener("input", () => go(Number(byId("slider").value), false));
    byId("predict").addEventListener("change", () => {
      change({predict: byId("predict").checked, ...FRESH, playing: false});
      if (hidden()) byId("answer").focus();
    });
  }

  toggle() {
    if (!state.playing && state.at === lastStep()) change({at: 0, verdict: ""});
    change({playing: !state.playing});
  }

  // A view of the state.
  show({at, playing, graph, flight, speed}) {
    const size = count(),
      back = graph.steps.length,
      place = stepName(at);
    document.body.classList.toggle("forward", at < size);
    document.body.classList.toggle("backward", at >= size);
    byId("slider").max = lastStep();
    byId("slider").value = at;
    byId("slider").setAttribute("aria-valuetext", place);
    byId("ahead").style.flexGrow = size;
    byId("behind").style.flexGrow = back;
    for (const id of ["first", "back"]) byId(id).setAttribute("aria-disabled", at === 0);
    for (const id of ["next", "last"]) byId(id).setAttribute("aria-disabled", at === lastStep() && !hidden());
    write(byId("play"), playing ? "\u2759\u2759 Pause" : "\u25b6 Play");
    if (playing && at === lastStep() && !flight) queueMicrotask(() => change({playing: false}));
    clearTimeout(this.timer);
    if (playing && !flight && at < lastStep()) this.timer = setTimeout(() => state.playing && forth(), PAUSE / speed);
  }
}

// Goes to a step. Where it should be predicted first, the reader may type at once.
function go(step, typing = true) {
  change({at: Math.min(Math.max(step, 0), lastStep()), verdict: "", flight: null});
  if (typing && hidden()) byId("answer").focus();
}

function stepName(at) {
  return at < count()
    ? `Forward ${at + 1} of ${count()}`
    : `Backward ${at - count() + 1} of ${state.graph.steps.length}`;
}

const KEYS = {
  ArrowLeft: () => go(state.at - 1),
  ArrowRight: () => forth(),
  Home: () => go(0),
  End: () => go(lastStep()),
  p: () => player.toggle(),
  " ": () => player.toggle(),
  f: () => picture.viewport.fit(),
  "+": () => picture.viewport.zoom(1.25),
  "-": () => picture.viewport.zoom(0.8),
  Escape: () => change({chosen: null}),
};

function listenToKeys(active) {
  document.addEventListener("keydown", (key) => {
    if (key.target.matches("input:not([type=checkbox]), textarea, select") || key.altKey || key.ctrlKey || key.metaKey)
      return;
    if (key.key === " " && key.target.matches("button, input, summary, [role=button]")) return;
    if (!(key.key in KEYS) || !active()) return;
    key.preventDefault();
    KEYS[key.key]();
  });
}

// Predict, then reveal -----------------------------------------------------------------------------------------

function reveal(verdict, score = state.score) {
  change({revealed: new Set([...state.revealed, state.at]), verdict, score});
  byId("next").focus();
}

function judge() {
  const event = eventAt(state.at),
    guess = parsed(byId("answer").value);
  if (guess === undefined) {
    change({verdict: "Write a number: 0.5, -2, 1e-3 or 1/3."});
    return;
  }
  const right = near(guess, event.after);
  const score = {right: state.score.right + Number(right), asked: state.score.asked + 1};
  reveal(
    `${right ? "Right" : `Not quite, you wrote ${typeset(guess)}`}: grad(${nameOf(event.target)}) = ` +
      `${typeset(event.after)}${right ? "" : hint(guess, event)}. ${score.right} of ${score.asked} right so far.`,
    score,
  );
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
