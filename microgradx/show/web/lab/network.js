// A network of dense layers over typed arrays. Its loops are the rows': unitForward and unitBackward from dot, activate
// and activationSlope from the activations, lossOf and lossSlope from the losses (kernels.py). The chain rule here is
// that of engine.js: a slope times the gradient that has arrived, nothing where a slope is null.

class Network {
  // sizes: units of each layer, inputs first; acts: an activation for each layer behind the inputs.
  constructor(sizes, acts) {
    Object.assign(this, {sizes, acts, depth: acts.length});
    this.weightAt = [];                                 // where the weights of each layer start: for each unit its row,
    this.unitAt = [0];                                  // then its bias; and where its outputs start, inputs at 0
    let weights = 0,
      units = sizes[0];
    for (let l = 0; l < this.depth; l += 1) {
      this.weightAt.push(weights);
      this.unitAt.push(units);
      weights += sizes[l + 1] * (sizes[l] + 1);
      units += sizes[l + 1];
    }
    this.units = units;
    this.weights = new Float64Array(weights);
    this.room(1);
  }

  // Arrays for so many samples: outputs h, inputs of the activations z, their gradients, and which a gradient reached.
  room(count) {
    if (this.count >= count) return;
    this.count = count;
    const array = () => new Float64Array((count + 1) * this.units);  // and one place for passing questions
    Object.assign(this, {h: array(), z: array(), dh: array(), dz: array()});
    this.reached = new Uint8Array((count + 1) * this.units);
    this.grad = new Float64Array(this.weights.length);
  }

  // The place of the weights of unit j of layer l (0 the first behind the inputs), its bias the last.
  row(l, j) {
    return this.weightAt[l] + j * (this.sizes[l] + 1);
  }

  // The output for the inputs x; all numbers on the way are kept at the place of sample s, by default the spare one.
  forward(x, s = this.count) {
    const {sizes, acts, unitAt, weights, h, z, units, depth} = this,
      base = s * units;
    for (let i = 0; i < sizes[0]; i += 1) h[base + i] = x[i];
    for (let l = 0; l < depth; l += 1) {
      const sum = unitForward[sizes[l]],
        act = activate[acts[l]],
        from = base + unitAt[l],
        to = base + unitAt[l + 1];
      for (let j = 0; j < sizes[l + 1]; j += 1) {
        const total = sum(weights, this.row(l, j), h, from);
        z[to + j] = total;
        h[to + j] = act(total);
      }
    }
    return h[base + units - 1];
  }

  // Adds the gradient of sample s to this.grad; `arriving` is that of its output, null where none arrives.
  backward(s, arriving) {
    const {sizes, acts, unitAt, weights, h, z, dh, dz, reached, grad, units, depth} = this,
      base = s * units;
    dh.fill(0, base, base + units);
    dz.fill(0, base, base + units);
    reached.fill(0, base, base + units);
    if (arriving === null) return;
    dh[base + units - 1] = arriving;
    reached[base + units - 1] = 1;
    for (let l = depth - 1; l >= 0; l -= 1) {
      const back = unitBackward[sizes[l]],
        slope = activationSlope[acts[l]];
      const from = base + unitAt[l],
        to = base + unitAt[l + 1];
      for (let j = sizes[l + 1] - 1; j >= 0; j -= 1) {
        if (!reached[to + j]) continue;
        const factor = slope(h[to + j], z[to + j]);
        if (factor === null) continue;
        dz[to + j] = factor * dh[to + j];
        back(weights, this.row(l, j), h, from, grad, dh, from, dz[to + j]);
        reached.fill(1, from, from + sizes[l]);
      }
    }
  }

  // How many samples are a part.
  get part() {
    return Math.max(1, Math.floor(PART / this.weights.length));
  }

  // The mean loss of samples, with its gradient in this.grad; sample s of the list keeps its numbers at place s.
  *gradientInParts(samples, loss) {
    const {part} = this;
    this.room(samples.length);
    this.grad.fill(0);
    const value = lossOf[loss],
      slope = lossSlope[loss],
      share = 1 / samples.length;
    let total = 0;
    for (let s = 0; s < samples.length; s += 1) {
      total += value(this.forward(samples[s].x, s), samples[s].t);
      if (s % part === part - 1) yield;
    }
    for (let s = samples.length - 1; s >= 0; s -= 1) {
      const by = slope(this.h[s * this.units + this.units - 1], samples[s].t);
      this.backward(s, by === null ? null : by * share);
      if (s % part === 0) yield;
    }
    return total / samples.length;
  }

  // {loss, right}: the mean loss of samples, and the share on the right side of 0.
  *scoreInParts(samples, loss) {
    const {part} = this;
    let total = 0,
      right = 0;
    for (let s = 0; s < samples.length; s += 1) {
      const {x, t} = samples[s],
        y = this.forward(x);
      if (s % part === part - 1) yield;
      total += lossOf[loss](y, t);
      right += Number(y * t > 0);
    }
    return {loss: total / samples.length, right: right / samples.length};
  }
}

// Work in parts: a generator that pauses after each, of a millisecond or two. So a frame of the page need not wait for
// an update of 500 samples.
const PART = 20000;                                     // weights that are passed in a part

// What a generator returns, run to its end.
function finished(parts) {
  for (;;) {
    const {done, value} = parts.next();
    if (done) return value;
  }
}

// First weights (nn/init.py): biases 0, weights drawn by fan-in and fan-out.
function initialise(network, how, seed) {
  const chance = new Chance(seed, STREAMS.weights),
    {sizes, acts, weights, depth} = network;
  for (let l = 0; l < depth; l += 1) {
    const [fanIn, fanOut] = [sizes[l], sizes[l + 1]],
      gain = GAINS[acts[l]] ?? 1;
    const reach = {
      zeros: 0,
      uniform: 1,
      xavier: gain * Math.sqrt(6 / (fanIn + fanOut)),
      kaiming: gain * Math.sqrt(3 / fanIn),
    }[how];
    for (let j = 0; j < fanOut; j += 1) {
      const at = network.row(l, j);
      for (let i = 0; i < fanIn; i += 1) weights[at + i] = reach === 0 ? 0 : chance.uniform(-reach, reach);
      weights[at + fanIn] = 0;
    }
  }
}
