// The random generator of the lab: sfc32 (PractRand), the same numbers as chance.py. Each stream of one seed has its
// own: the data, the first weights, the order of the samples in each epoch.

const STREAMS = {data: 1, noise: 2, split: 3, weights: 4, epochs: 16};

class Chance {
  constructor(seed, stream = 0) {
    [this.a, this.b, this.c, this.d] = [seed | 0, stream | 0, 0x9e3779b9 | 0, 1];
    for (let n = 0; n < 15; n += 1) this.bits();
  }

  // 32 random bits, from 0 to 2**32 - 1.
  bits() {
    const found = (this.a + this.b + this.d) | 0;
    this.d = (this.d + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + found) | 0;
    return found >>> 0;
  }

  // A number from 0 to below 1, with 53 random bits.
  random() {
    return ((this.bits() >>> 5) * 67108864 + (this.bits() >>> 6)) / 9007199254740992;
  }

  uniform(low, high) {
    return low + (high - low) * this.random();
  }

  // A normal number (Box and Muller). Math.log and Math.cos may differ in the last bit between browsers.
  gauss() {
    const size = Math.sqrt(-2 * Math.log(1 - this.random()));
    return size * Math.cos(2 * Math.PI * this.random());
  }

  // 0, 1, ..., count - 1 in random order (Fisher and Yates).
  shuffled(count) {
    const order = [...Array(count).keys()];
    for (let i = count - 1; i > 0; i -= 1) {
      const j = Math.floor(this.random() * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }
}
