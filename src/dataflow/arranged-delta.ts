/** A delta with its keys, and the arrangement that it will go into: what a join reads of each side. */
import { assert } from '../base/assert.js';
import type { Delta } from './delta.js';
import type { Arrangement } from './state/arrangement.js';
import type { KeyBatch } from './state/key-batch.js';
import type { WordBatch } from './state/word-codec.js';

/** The output of an arrange operator. */
export interface ArrangedDelta extends Delta {
  /** Of before the epoch. */
  readonly arrangement: Arrangement;
  /** Keys of the delta's rows. */
  readonly keys: KeyBatch;
  /** The delta's rows, packed as the arrangement holds them. */
  readonly packed: WordBatch;
}

/** The delta, which must be an arranged one. */
export function asArranged(delta: Delta | undefined): ArrangedDelta {
  assert(delta !== undefined && isArranged(delta), 'a join of what is not arranged');
  return delta;
}

function isArranged(delta: Delta): delta is ArrangedDelta {
  return 'arrangement' in delta;
}
