import type fc from 'fast-check';

/** Values, and how likely each is compared with the others: summed up once, and drawn from as often as wanted. */
export class Weighted<T> {
  /** The sum of the weights. */
  readonly total: number;
  readonly #values: readonly T[];
  /** For each value the sum of the weights up to it. */
  readonly #sums: readonly number[];

  constructor(values: readonly (readonly [weight: number, value: T])[]) {
    let total = 0;
    this.#sums = values.map(([weight]) => (total += weight));
    this.#values = values.map(([, value]) => value);
    this.total = total;
  }

  /** The value that a number from 1 to `total` stands for: so many numbers stand for each as its weight says. */
  at(number: number): T {
    const index = this.#sums.findIndex((sum) => number <= sum);
    if (index === -1) throw new Error('generator: weights do not add up');
    return this.#values[index] as T;
  }
}

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
  from<T>(values: Weighted<T>): T {
    return values.at(this.between(1, values.total));
  }

  /** The same for values, or weights, that are known only now. */
  weighted<T>(values: readonly (readonly [weight: number, value: T])[]): T {
    return this.from(new Weighted(values));
  }
}
