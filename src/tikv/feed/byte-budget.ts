/** Bytes held in one place and in all, so that the largest holder can be found when a bound is reached. */

/** A count of bytes that its parent counts too. */
export class ByteBudget {
  readonly #parent: ByteBudget | undefined;
  #used = 0;

  constructor(parent?: ByteBudget) {
    this.#parent = parent;
  }

  get used(): number {
    return this.#used;
  }

  /** @param delta - negative: given back. */
  change(delta: number): void {
    this.#used += delta;
    this.#parent?.change(delta);
  }
}
