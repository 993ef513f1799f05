/**
 * The frontier record: an ordinary row of `<schema>.frontier`, primary key of every epoch's transaction. It says up to
 * which instant of the base tables the views are, and who reigns; everything else is fenced by it.
 */
import { type Ts, ts } from '../codec/tso.js';
import { DEFAULT_GROUP } from './registry-schema.js';
import { type SystemRecord, type SystemTable, numberIn, textIn } from './system-table.js';

/** Where the views of a group stand. */
export interface Frontier {
  /** Counts every epoch, of any reign. */
  readonly epoch: bigint;
  /** E: every base commit ≤ E is in the views, none after. Zero before the first. */
  readonly appliedTs: Ts;
  /** Counts reigns. */
  readonly term: bigint;
  /** Member who reigns; empty before the first. */
  readonly owner: string;
  /** Of the transaction that wrote this record: by it an outcome can be asked for. */
  readonly startTs: Ts;
}

/** Reads and writes the record of one group. */
export class FrontierRecord {
  readonly #table: SystemTable;
  readonly key: Uint8Array;

  constructor(table: SystemTable) {
    this.#table = table;
    this.key = table.keyOf({ group_id: DEFAULT_GROUP });
  }

  encode(frontier: Frontier): Uint8Array {
    const record: SystemRecord = {
      group_id: DEFAULT_GROUP,
      epoch: frontier.epoch,
      applied_ts: frontier.appliedTs,
      term: frontier.term,
      owner: frontier.owner,
      start_ts: frontier.startTs,
    };
    return this.#table.encode(record).value;
  }

  decode(value: Uint8Array): Frontier {
    const record = this.#table.decode(this.key, value);
    return {
      epoch: numberIn(record, 'epoch'),
      appliedTs: ts(numberIn(record, 'applied_ts')),
      term: numberIn(record, 'term'),
      owner: textIn(record, 'owner'),
      startTs: ts(numberIn(record, 'start_ts')),
    };
  }
}
