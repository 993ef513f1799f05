/**
 * The pairs of rows with the same key that an epoch adds to a join or takes from it:
 *
 *     Δ(L ⋈ R) = ΔL ⋈ R + L ⋈ ΔR + ΔL ⋈ ΔR
 *
 * with L and R of before the epoch. Found in pieces: also in the middle of a key with a million rows.
 */
import { LimitError } from '../../base/errors.js';
import type { ArrangedDelta } from '../arranged-delta.js';
import type { RowReferences } from './join-rows.js';

/** Pairs found at a time, at most. */
const PAIRS_AT_ONCE = 8192;

/** Some pairs, lent until the next are asked for. */
export interface Pairs {
  readonly left: RowReferences;
  readonly right: RowReferences;
  readonly weights: Int32Array;
  readonly count: number;
}

/** The product of two weights. @throws LimitError — when it does not fit in 32 bits. */
function weightProduct(a: number, b: number): number {
  const product = a * b;
  if ((product | 0) !== product) throw new LimitError(`a row occurs ${product} times in a join`);
  return product;
}

/** Finds the pairs of an epoch. */
export class JoinPairs {
  readonly #left = new Int32Array(PAIRS_AT_ONCE);
  readonly #right = new Int32Array(PAIRS_AT_ONCE);
  readonly #weights = new Int32Array(PAIRS_AT_ONCE);
  #sides: { readonly left: ArrangedDelta; readonly right: ArrangedDelta } | undefined;
  /** 0: ΔL ⋈ R, 1: L ⋈ ΔR, 2: ΔL ⋈ ΔR, 3: done. */
  #phase = 3;
  /** The row of the delta that is being paired. */
  #row = 0;
  /** Its next partner: an address or a row; `#none` between two rows. */
  #partner = 0;
  #count = 0;
  /** Rows looked at in all epochs. */
  rowsTouched = 0;

  begin(left: ArrangedDelta, right: ArrangedDelta): void {
    this.#sides = { left, right };
    this.#enter(0);
  }

  get isDone(): boolean {
    return this.#phase === 3;
  }

  /**
   * Some pairs, of one kind.
   *
   * @param budget - rows and partners to look at.
   * @returns the pairs, and how many rows were looked at.
   */
  next(budget: number): { readonly pairs: Pairs; readonly rows: number } {
    const sides = this.#sides;
    this.#count = 0;
    if (sides === undefined || this.#phase === 3) return { pairs: this.#pairs('delta', 'delta'), rows: 0 };
    const { left, right } = sides;
    const most = Math.min(budget, PAIRS_AT_ONCE);
    const phase = this.#phase;
    const rows =
      phase === 0
        ? this.#probe({ delta: left, state: right, own: this.#left, partners: this.#right }, most)
        : phase === 1
          ? this.#probe({ delta: right, state: left, own: this.#right, partners: this.#left }, most)
          : this.#match(left, right, most);
    this.rowsTouched += rows;
    if (this.#phase === 3) this.#sides = undefined;
    return { pairs: this.#pairs(phase === 1 ? 'state' : 'delta', phase === 0 ? 'state' : 'delta'), rows };
  }

  #pairs(left: 'delta' | 'state', right: 'delta' | 'state'): Pairs {
    return {
      left: { kind: left, references: this.#left },
      right: { kind: right, references: this.#right },
      weights: this.#weights,
      count: this.#count,
    };
  }

  #enter(phase: number): void {
    this.#phase = phase;
    this.#row = 0;
    this.#partner = phase === 2 ? -1 : 0;
  }

  /** Pairs rows of a delta with what the other side's arrangement holds. */
  #probe(
    {
      delta,
      state,
      own,
      partners,
    }: { delta: ArrangedDelta; state: ArrangedDelta; own: Int32Array; partners: Int32Array },
    most: number,
  ): number {
    const { keys, weights } = delta;
    const { words, offsets } = keys.packed;
    const { arrangement } = state;
    let looked = 0;
    let partner = this.#partner;
    let row = this.#row;
    let key = 0;
    let lastRow = -2;
    for (; row < keys.rows && looked < most; row++) {
      if (partner === 0) {
        looked++;
        if (!keys.hasKey(row)) continue;
        // What goes and what comes in its place often have the same key.
        if (row !== lastRow + 1 || !keys.hasSameKey(lastRow, row))
          key = arrangement.find(keys.hashes[row]!, words, offsets[row]!, offsets[row + 1]!);
        lastRow = row;
        partner = arrangement.firstRow(key);
      }
      while (partner !== 0 && looked < most) {
        const at = this.#count++;
        own[at] = row;
        partners[at] = partner;
        this.#weights[at] = weightProduct(weights[row]!, arrangement.rowWeight(partner));
        partner = arrangement.nextRow(partner);
        looked++;
      }
      if (partner !== 0) break;
    }
    this.#row = row;
    this.#partner = partner;
    if (row === keys.rows) this.#enter(this.#phase + 1);
    return looked;
  }

  /** Pairs rows of both deltas: those of the longer one look for their key among those of the shorter. */
  #match(left: ArrangedDelta, right: ArrangedDelta, most: number): number {
    const isRightLonger = right.rows > left.rows;
    const [long, short] = isRightLonger ? [right, left] : [left, right];
    const [own, partners] = isRightLonger ? [this.#right, this.#left] : [this.#left, this.#right];
    const { keys } = long;
    let looked = 0;
    let partner = this.#partner;
    let row = short.rows === 0 ? keys.rows : this.#row;
    for (; row < keys.rows && looked < most; row++) {
      const groups = short.keys.groups();
      if (partner < 0) {
        looked++;
        if (!keys.hasKey(row)) continue;
        const group = groups.find(keys, row);
        partner = group < 0 ? -1 : groups.lastRow[group]!;
      }
      while (partner >= 0 && looked < most) {
        const at = this.#count++;
        own[at] = row;
        partners[at] = partner;
        this.#weights[at] = weightProduct(long.weights[row]!, short.weights[partner]!);
        partner = groups.previous[partner]!;
        looked++;
      }
      if (partner >= 0) break;
    }
    this.#row = row;
    this.#partner = partner;
    if (row === keys.rows) this.#enter(3);
    return looked;
  }
}
