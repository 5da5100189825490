// Training, and travel through its time. A run is determined by its settings and seed: update number n uses the same
// samples and gives the same bits whenever it is computed. So going back is: the last snapshot before, then forward.

const SNAPSHOT = 64;                                    // updates between two snapshots
const KEPT = 200000;                                    // updates of a run, at most

class Trainer {
  constructor(network, samples, train, settings) {
    Object.assign(this, {network, samples, train, t: 0, losses: [], scores: []});
    this.training = samples.slice(0, train);
    this.testing = samples.slice(train);
    this.settings = settings;                           // {loss, optimiser, rate, momentum, batch, decay, seed}
    this.kept = Array.from(
      {length: OPTIMISERS[settings.optimiser].kept},
      () => new Float64Array(network.weights.length),
    );
    this.last = new Float64Array(network.weights.length);  // what the last update added to each weight
    this.snapshots = [this.snapshot()];
    this.order = {epoch: -1, places: []};
  }

  get size() {
    return Math.max(1, Math.min(this.settings.batch || this.train, this.train));
  }

  get perEpoch() {
    return Math.ceil(this.train / this.size);
  }

  get epoch() {
    return Math.floor(this.t / this.perEpoch);
  }

  // The samples of update number t, as places: of the full batch all in their order, else the next of a shuffled epoch.
  batch(t) {
    if (this.size === this.train) return this.places(-1);
    const epoch = Math.floor(t / this.perEpoch),
      start = (t % this.perEpoch) * this.size;
    return this.places(epoch).slice(start, start + this.size);
  }

  places(epoch) {
    if (this.order.epoch !== epoch || this.order.places.length !== this.train) {
      const all = [...Array(this.train).keys()];
      const places = epoch < 0 ? all : new Chance(this.settings.seed, STREAMS.epochs + epoch).shuffled(this.train);
      this.order = {epoch, places};
    }
    return this.order.places;
  }

  snapshot() {
    const {t, network, kept, settings} = this;
    return {t, weights: network.weights.slice(), kept: kept.map((array) => array.slice()), settings};
  }

  // One update by the mean gradient of a batch.
  step() {
    finished(this.stepInParts());
  }

  // The same in parts. Weights change in the last one; an update that is given up before leaves them as they are.
  *stepInParts() {
    const {network, kept, last} = this,
      {loss, optimiser, rate, momentum, decay} = this.settings;
    const value = yield* network.gradientInParts(
      this.batch(this.t).map((k) => this.training[k]),
      loss,
    );
    const {rule, inertia} = OPTIMISERS[optimiser],
      {weights, grad} = network,
      [first, second] = kept;
    this.t += 1;
    for (let k = 0; k < weights.length; k += 1) {
      const more = second ? second[k] : inertia * momentum;
      const found = rule(weights[k], grad[k], this.t, rate, decay, first[k], more);
      last[k] = found[0] - weights[k];
      weights[k] = found[0];
      first[k] = found[1];
      if (second) second[k] = found[2];
    }
    this.losses[this.t - 1] = value;
    if (this.t % SNAPSHOT === 0 && this.snapshots.at(-1).t < this.t) this.snapshots.push(this.snapshot());
  }

  // To the weights after update number t, by way of the last snapshot before it; what lies ahead stays known.
  goTo(t) {
    const target = Math.max(0, Math.min(t, KEPT));
    const near = (found) => found.t < Math.max(1, target) && (target < this.t || found.t > this.t);
    const from = this.snapshots.findLast(near);         // before the target, so that its update is computed, too
    if (from) this.restore(from);
    const {settings} = this;
    while (this.t < target) {
      const later = this.snapshots.find((found) => found.t === this.t);
      if (later) this.settings = later.settings;        // a run may change its rate on the way
      this.step();
    }
    this.settings = settings;
  }

  restore({t, weights, kept}) {
    this.t = t;
    this.network.weights.set(weights);
    kept.forEach((array, n) => this.kept[n].set(array));
    this.last.fill(0);
  }

  // Other settings from here on: what lay ahead is another run now.
  change(settings) {
    this.settings = {...this.settings, ...settings};
    this.snapshots = this.snapshots.filter((found) => found.t < this.t);
    this.snapshots.push(this.snapshot());
    this.losses.length = this.t;
    this.scores = this.scores.filter((score) => score.t <= this.t);
  }

  // Losses and accuracy on both parts of the data, remembered for the curves.
  measure() {
    return finished(this.measureInParts());
  }

  *measureInParts() {
    const {loss} = this.settings,
      train = yield* this.network.scoreInParts(this.training, loss);
    const test = this.testing.length ? yield* this.network.scoreInParts(this.testing, loss) : null,
      last = this.scores.at(-1);
    const score = {t: this.t, train, test};
    if (!last || last.t < this.t) this.scores.push(score);
    return score;
  }
}

// kept: how many numbers an optimiser keeps for each weight; inertia: whether the setting momentum is one of its own.
const OPTIMISERS = {
  sgd: {title: "SGD", kept: 1, rule: moved.sgd, inertia: 0},
  momentum: {title: "SGD with momentum", kept: 1, rule: moved.sgd, inertia: 1},
  adam: {title: "Adam", kept: 2, rule: moved.adam, inertia: 0},
};
