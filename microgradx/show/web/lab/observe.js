// What the weights of this moment do: the gradient over all training points, the plane, and the health of each unit.

const GRID = 32;                                        // points of the plane on each side
const FLAT = 0.05;                                      // a slope below this share of the slope at 0 is flat
const HUGE = 1e3,
  FAINT = 1e-3;                                         // of an output; of a layer's gradient beside the last one's

function* observeInParts() {
  const {trainer} = lab,
    {network, training} = trainer;
  const loss = training.length ? yield* network.gradientInParts(training, trainer.settings.loss) : NaN;
  const score = yield* trainer.measureInParts(),
    plane = yield* planeInParts(network);
  lab.seen = {
    loss,
    score,
    plane,
    norms: normsOf(network),
    ill: illUnits(network, training),
  };
}

// For each unit, inputs included, its output at each point of the plane: rows from top to bottom; of a curve one row.
function* planeInParts(network) {
  const {units, sizes, h, count} = network,
    flat = sizes[0] === 1,
    rows = flat ? 1 : GRID,
    across = flat ? 4 * GRID : GRID;
  const plane = Array.from({length: units}, () => new Float64Array(rows * across));
  const at = (k, n) => REACH_OF_PLANE * ((2 * (k + 0.5)) / n - 1),
    base = count * units;
  for (let r = 0; r < rows; r += 1) {
    for (let c = 0; c < across; c += 1) {
      network.forward(flat ? [at(c, across)] : [at(c, across), -at(r, rows)]);
      for (let u = 0; u < units; u += 1) plane[u][r * across + c] = h[base + u];
    }
    yield;
  }
  return plane;
}

// The size of the gradient of each layer's weights: the root of the mean square.
function normsOf({depth, weightAt, grad}) {
  return Array.from({length: depth}, (_, l) => {
    const part = grad.subarray(weightAt[l], weightAt[l + 1] ?? grad.length);
    return Math.sqrt(part.reduce((sum, g) => sum + g * g, 0) / part.length);
  });
}

// Hidden units that are dead, saturated or exploding: {l, j, what, share, remedy}, and layers whose gradient vanishes.
function illUnits(network, training) {
  const {depth, sizes, acts, unitAt, units, h, z, dh} = network,
    found = [];
  for (let l = 0; l < depth - 1; l += 1) {
    const slope = activationSlope[acts[l]],
      level = FLAT * Math.abs(slope(activate[acts[l]](0.5), 0.5) ?? 0);
    for (let j = 0; j < sizes[l + 1]; j += 1) {
      let none = 0,
        flat = 0,
        most = 0;
      for (let s = 0; s < training.length; s += 1) {
        const u = s * units + unitAt[l + 1] + j,
          factor = slope(h[u], z[u]);
        none += Number(factor === null || factor === 0);
        flat += Number(factor !== null && Math.abs(factor) < level);
        most = Math.max(most, Math.abs(h[u]), Math.abs(dh[u]) || 0);
      }
      const share = (n) => `${Math.round((100 * n) / training.length)} %`;
      if (!training.length) continue;
      if (none === training.length) found.push({l, j, what: "dead", share: share(none), remedy: DEAD});
      else if (flat >= 0.9 * training.length)
        found.push({l, j, what: "saturated", share: share(flat), remedy: SATURATED});
      else if (!(most < HUGE)) found.push({l, j, what: "exploding", share: "", remedy: EXPLODING});
    }
  }
  const norms = normsOf(network),
    last = norms[depth - 1];
  norms.forEach((norm, l) => {
    if (l < depth - 1 && last > 0 && norm < FAINT * last)
      found.push({l, j: null, what: "vanishing", share: "", remedy: VANISHING});
  });
  return found;
}

const DEAD = "no gradient reaches its weights; leaky_relu in its place lets some through";
const SATURATED = "its curve is flat there; start from smaller weights (Xavier)";
const EXPLODING = "its numbers grow without end; take a smaller rate";
const VANISHING = "its weights hardly move; take relu, and Kaiming's first weights";
