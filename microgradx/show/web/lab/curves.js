// The curves of a run: the loss of each update, on a scale of powers of ten, and the run before in grey; the slider of
// time below them.

class Curves {
  constructor(canvas) {
    this.canvas = canvas;
    byId("time").addEventListener("input", () => travel(Number(byId("time").value)));
  }

  // A view of the lab.
  show({trainer, earlier, seen, playing}) {
    const {t, losses, scores} = trainer,
      most = Math.max(losses.length, 20);
    byId("time").max = Math.max(losses.length, 1);
    byId("time").value = t;
    byId("time").setAttribute("aria-valuetext", `update ${t} of ${losses.length}`);
    const {context, width, height} = drawing(this.canvas),
      style = getComputedStyle(document.body);
    const all = [
      ...losses.slice(0, 1),
      ...losses.slice(-1),
      ...earlier.slice(-1),
      ...scores.map(({train}) => train.loss),
    ];
    const finite = all.filter((x) => x > 0 && Number.isFinite(x));
    const low = Math.log10(Math.max(1e-12, Math.min(...finite, 1))) - 0.2,
      high = Math.log10(Math.max(...finite, 1e-3)) + 0.2;
    const place = (k, x) => [
      (k / most) * width,
      height - ((Math.log10(Math.max(x, 1e-12)) - low) / (high - low)) * height,
    ];
    const line = (numbers, ink, wide, dash = []) => {
      const step = Math.max(1, Math.floor(numbers.length / (2 * width)));
      context.beginPath();
      context.setLineDash(dash);
      for (let k = 0; k < numbers.length; k += step)
        if (Number.isFinite(numbers[k][1])) context.lineTo(...place(...numbers[k]));
      Object.assign(context, {strokeStyle: ink, lineWidth: wide});
      context.stroke();
      context.setLineDash([]);
    };
    line(
      earlier.map((x, k) => [k, x]),
      style.getPropertyValue("--rule"),
      1.5,
    );
    line(
      losses.map((x, k) => [k, x]),
      style.getPropertyValue("--quiet"),
      1,
    );
    line(
      scores.map(({t: k, train}) => [k, train.loss]),
      style.getPropertyValue("--ahead"),
      2,
    );
    line(
      scores.filter(({test}) => test).map(({t: k, test}) => [k, test.loss]),
      style.getPropertyValue("--back"),
      2,
      [5, 3],
    );
    context.fillStyle = style.color;
    context.fillRect((t / most) * width - 0.5, 0, 1, height);
    this.tell(seen, trainer, playing);
  }

  tell({score}, {t, epoch, settings, train, size}, playing) {
    const {train: own, test} = score,
      classes = lab.config.data !== "curve";
    write(byId("run"), `Update ${t}, epoch ${epoch}${size < train ? ` (${size} of ${train} points each)` : ""}`);
    write(byId("train-loss"), `${brief(own.loss, 4)}${classes ? `, ${percent(own.right)} right` : ""}`);
    write(
      byId("test-loss"),
      test ? `${brief(test.loss, 4)}${classes ? `, ${percent(test.right)} right` : ""}` : "no points",
    );
    write(byId("run-play"), playing ? "\u2759\u2759 Pause" : "\u25b6 Play");
    const lost = train && !Number.isFinite(own.loss);
    const advice = "The loss is no number any more: the rate is too large. Reset, and take a smaller one.";
    write(byId("lab-note"), lab.message || (lost ? advice : ""));
    byId("lab-note").hidden = byId("lab-note").textContent === "";
  }
}
