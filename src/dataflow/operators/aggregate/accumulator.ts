/** What an aggregation keeps for its groups besides their doubles (group-table.ts). */
import { assert, present } from '../../../base/assert.js';
import type { Column } from '../../../codec/column.js';

/** Rows of the input with the places of their groups. */
export interface TouchedRows {
  readonly from: number;
  readonly to: number;
  /** By row − from. */
  readonly places: Int32Array;
  /** By row. */
  readonly weights: Int32Array;
}

/** State of groups under their serial numbers, and its changes in an epoch under their places. */
export interface Accumulator {
  /** Rows (values) held, for the counters. */
  readonly rows: number;
  /** Bytes held. */
  readonly size: number;
  /** The columns that it takes of an epoch's input. */
  columnsOf(input: readonly Column[], rows: number): readonly Column[];
  /** Takes rows of those columns. */
  take(columns: readonly Column[], rows: TouchedRows): void;
  /** All rows of the epoch have been taken; states of before and after can be read from now on. */
  settle(): void;
  /** Takes the epoch's changes into the state; just before the group table does so. */
  absorb(): void;
  /** Forgets a group. */
  drop(serial: number): void;
  /** Forgets the changes of an epoch that was given up. */
  forget(): void;
}

/** Column `index` of an input. */
export function operandOf(input: readonly Column[], index: number): Column {
  return present(input[index], `no column ${index} among ${input.length}`);
}

/** The one column of an operand. */
export function onlyColumn(columns: readonly Column[]): Column {
  assert(columns.length === 1, `${columns.length} columns of one operand`);
  return operandOf(columns, 0);
}
