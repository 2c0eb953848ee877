// Pseudo-random numbers of a seed, the same in every run, so that a difference comes again. Source: mulberry32.

export class Random {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  // A whole number from 0 to `end`, without it.
  below(end) {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % end;
  }

  // True in so many of a hundred cases.
  percent(part) {
    return this.below(100) < part;
  }

  pick(from) {
    return from[this.below(from.length)];
  }
}
