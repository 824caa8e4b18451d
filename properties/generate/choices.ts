import type fc from 'fast-check';

/** The choices that a generator makes, drawn from fast-check's random source so that seeds and replay are its own. */
export class Choices {
  readonly #random: fc.Random;

  constructor(random: fc.Random) {
    this.#random = random;
  }

  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return this.#random.nextInt(min, max);
  }

  /** True in `percent` of 100 cases. */
  chance(percent: number): boolean {
    return this.between(1, 100) <= percent;
  }

  /** One of the values, all equally likely. Throws on an empty list: callers offer something. */
  pick<T>(values: readonly T[]): T {
    const value = values[this.between(0, values.length - 1)];
    if (value === undefined) throw new Error('generator: nothing to pick from');
    return value;
  }

  /** One of the values, each as likely as its weight says. */
  weighted<T>(values: readonly (readonly [number, T])[]): T {
    let total = 0;
    for (const [weight] of values) total += weight;
    let left = this.between(1, total);
    for (const [weight, value] of values) {
      left -= weight;
      if (left <= 0) return value;
    }
    throw new Error('generator: weights do not add up');
  }
}
