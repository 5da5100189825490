// The output over the plane with all points, the decision boundary, and points that the reader adds: large, in the
// middle.

class Output {
  constructor(place) {
    this.map = element("canvas", {"aria-hidden": "true"});
    this.points = element("canvas", {class: "dots", tabindex: "0", role: "img"});
    place.append(this.map, this.points);
    this.points.addEventListener("click", (event) => this.click(event));
    this.points.addEventListener("pointermove", (event) => {
      if (event.buttons === 1 && lab.config.data === "own") this.click(event);
    });
    this.points.addEventListener("keydown", (key) => {
      const {length} = lab.trainer.samples,
        step = {ArrowDown: 1, ArrowUp: -1}[key.key];
      if (!step || !length) return;
      key.preventDefault();
      alter({sample: ((lab.sample ?? (step > 0 ? -1 : length)) + step + length) % length});
    });
  }

  // A view of the lab.
  show(lab) {
    const {trainer, seen, sample} = lab,
      {network, samples} = trainer,
      numbers = seen.plane.at(-1);
    const flat = network.sizes[0] === 1,
      {score} = seen;
    this.map.hidden = flat;
    const ts = samples.map(({t}) => t);
    [this.low, this.high] = [Math.min(...ts, 0), Math.max(...ts, 1)];
    if (!flat) paintMap(this.map, numbers, GRID, lab.config.loss === "squared" ? 1 : 3);
    const {context, width, height} = drawing(this.points);
    context.lineWidth = 2;
    const ink = getComputedStyle(document.body).color;
    context.strokeStyle = ink;
    context.beginPath();
    if (flat)
      numbers.forEach((y, k) =>
        context.lineTo(
          ...onPlane([REACH_OF_PLANE * ((2 * (k + 0.5)) / numbers.length - 1)], this.up(y), width, height),
        ),
      );
    else
      for (const [x1, y1, x2, y2] of boundary(numbers, GRID)) {
        context.moveTo(x1 * width, y1 * height);
        context.lineTo(x2 * width, y2 * height);
      }
    context.stroke();
    const marked = lab.edge ? largestTerms(lab.trainer, lab.edge).map(({s}) => s) : [];
    samples.forEach(({x, t}, s) => {
      const looks = {
        square: t < 0 && !flat,
        test: s >= trainer.train,
        chosen: sample === s,
        marked: marked.includes(s),
      };
      this.point(context, onPlane(x, this.up(t), width, height), looks, ink);
    });
    const spoken =
      `The output over the plane: ${samples.length} points` +
      `${score.test && !flat ? `, ${percent(score.test.right)} of the test points right` : ""}` +
      `${sample === null ? "" : `; point ${sample + 1} is chosen`}. Arrow keys choose a point.`;
    if (this.points.getAttribute("aria-label") !== spoken) this.points.setAttribute("aria-label", spoken);
  }

  // A target of a curve as a number from -1 to 1, for the height of its point.
  up(y) {
    return (2 * (y - this.low)) / (this.high - this.low) - 1;
  }

  point(context, [x, y], {square, test, chosen, marked}, ink) {
    const {plus, minus, zero} = inks(),
      size = chosen ? 7 : 4.2;
    context.beginPath();
    if (square)
      context.rect(x - 0.86 * size, y - 0.86 * size, 1.72 * size, 1.72 * size);  // the shape tells, too
    else context.arc(x, y, size, 0, 7);
    context.fillStyle = colour(square ? minus : plus);
    context.globalAlpha = test ? 0.35 : 1;
    context.fill();
    context.globalAlpha = 1;
    context.lineWidth = chosen || marked ? 3 : 1;
    context.strokeStyle = chosen || marked ? ink : colour(zero);
    context.stroke();
  }

  // A click chooses the nearest point; with data of the reader's own, one in the open adds a point.
  click(event) {
    const {trainer, config} = lab,
      {width, height, left, top} = this.points.getBoundingClientRect();
    const here = [event.clientX - left, event.clientY - top];
    const far = trainer.samples.map(({x, t}) =>
      Math.hypot(...onPlane(x, this.up(t), width, height).map((p, k) => p - here[k])),
    );
    const near = far.indexOf(Math.min(...far)),
      own = config.data === "own";
    if (near >= 0 && far[near] < (own ? 8 : 24)) {
      if (event.type === "click") alter({sample: near});
      return;
    }
    if (!own || config.own.length >= 500) return;
    const x = [here[0] / width, 1 - here[1] / height].map(
      (part) => round(1000 * REACH_OF_PLANE * (2 * part - 1)) / 1000,
    );
    alter({
      config: {...config, own: [...config.own, {x, t: event.shiftKey || byId("own-class").value === "-1" ? -1 : 1}]},
    });
  }
}

const percent = (x) => `${Math.round(100 * x)} %`;
