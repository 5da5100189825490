// The curves of a run: the loss of each update, on a scale of powers of ten, with the run before in grey; below it the
// share of points on the right side; and the slider of time.

const LEAST_LOSS = 1e-12;                               // what is below counts as this, for its logarithm

class Curves {
  constructor(losses, shares) {
    Object.assign(this, {losses, shares});
    byId("time").addEventListener("input", () => travel(Number(byId("time").value)));
  }

  // A view of the lab.
  show({trainer, earlier, seen, playing}) {
    const {t, losses, scores, network} = trainer,
      before = earlier?.losses ?? [],
      style = getComputedStyle(document.body),
      most = Math.max(losses.length, 20);
    const [quiet, ahead, back] = ["quiet", "ahead", "back"].map((name) => style.getPropertyValue(`--${name}`));
    const tested = scores.filter(({test}) => test),
      times = (list) => list.map((score) => score.t);
    byId("time").max = Math.max(losses.length, 1);
    byId("time").value = t;
    byId("time").setAttribute("aria-valuetext", `update ${t} of ${losses.length}`);
    const [low, high] = rangeOf([losses[0], losses.at(-1), before.at(-1), ...scores.map(({train}) => train.loss)]);
    const up = (x) => (Math.log10(Math.max(x, LEAST_LOSS)) - low) / (high - low);
    const loss = new Chart(this.losses, most, up);
    loss.line(null, before, quiet, 1.5, [2, 3]);
    loss.line(null, losses, quiet, 1);
    loss.line(
      times(scores),
      scores.map(({train}) => train.loss),
      ahead,
      2,
    );
    loss.line(
      times(tested),
      tested.map(({test}) => test.loss),
      back,
      2,
      [5, 3],
    );
    loss.mark(t, style.color);
    this.shares.hidden = network.sizes[0] === 1;
    if (!this.shares.hidden) {
      const share = new Chart(this.shares, most, (x) => 0.08 + 0.84 * x);
      share.line(
        times(scores),
        scores.map(({train}) => train.right),
        ahead,
        2,
      );
      share.line(
        times(tested),
        tested.map(({test}) => test.right),
        back,
        2,
        [5, 3],
      );
      share.mark(t, style.color);
    }
    this.tell(seen, trainer, playing);
  }

  tell({score}, {t, epoch, train, size, network}, playing) {
    const {train: own, test} = score,
      classes = network.sizes[0] === 2;
    const told = ({loss, right}) => `${brief(loss, 4)}${classes ? `, ${percent(right)} right` : ""}`;
    write(byId("run"), `Update ${t}, epoch ${epoch}${size < train ? ` (${size} of ${train} points each)` : ""}`);
    write(byId("train-loss"), train ? told(own) : "no points");
    write(byId("test-loss"), test ? told(test) : "no points");
    write(byId("run-play"), playing ? "\u2759\u2759 Pause" : "\u25b6 Play");
    const advice = "The loss is no number any more: the rate is too large. Reset, and take a smaller one.";
    write(byId("lab-note"), lab.message || (train && !Number.isFinite(own.loss) ? advice : ""));
    byId("lab-note").hidden = byId("lab-note").textContent === "";
  }
}

// Powers of ten that hold these losses, with some room.
function rangeOf(losses) {
  const finite = losses.filter((x) => x > 0 && Number.isFinite(x));
  return [Math.log10(Math.max(LEAST_LOSS, Math.min(...finite, 1))) - 0.2, Math.log10(Math.max(...finite, 1e-3)) + 0.2];
}

// Lines over the updates from 0 to `most`; up(x) is the height of a number, from 0 to 1.
class Chart {
  constructor(canvas, most, up) {
    Object.assign(this, drawing(canvas), {most, up});
  }

  // Numbers at these times, or at 0, 1, 2, ...; of a long run as many as there are pixels for.
  line(times, numbers, ink, wide, dash = []) {
    const {context, width, height, most, up} = this,
      step = Math.max(1, Math.floor(numbers.length / (2 * width)));
    context.beginPath();
    context.setLineDash(dash);
    for (let k = 0; k < numbers.length; k += step) {
      const x = numbers[k];
      if (Number.isFinite(x)) context.lineTo(((times ? times[k] : k) / most) * width, height * (1 - up(x)));
    }
    Object.assign(context, {strokeStyle: ink, lineWidth: wide});
    context.stroke();
    context.setLineDash([]);
  }

  mark(t, ink) {
    this.context.fillStyle = ink;
    this.context.fillRect((t / this.most) * this.width - 0.5, 0, 1, this.height);
  }
}
