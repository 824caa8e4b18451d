import type { Failure } from '../../spec/operations/define.ts';

/** What a kernel calls fault injection: the n-th time that the driver asks for something, it does not get it. */
export class Injection {
  #armed: { readonly what: Failure; left: number } | undefined;
  /** Whether it came to that since it was armed. */
  took = false;

  arm(failure: { readonly what: Failure; readonly nth: number } | undefined): void {
    this.#armed = failure && { what: failure.what, left: failure.nth };
    this.took = false;
  }

  /** The driver asks for this: whether it fails. */
  fails(what: Failure): boolean {
    if (this.#armed?.what !== what) return false;
    this.#armed.left -= 1;
    if (this.#armed.left > 0) return false;
    this.#armed = undefined;
    this.took = true;
    return true;
  }
}
