/**
 * The settings of a session that decide what a select means; they are pinned when a view is created and used for as
 * long as it lives.
 */
import type { PinnedContext } from '../plan/describe.js';
import { printString } from '../sql/parse/print-text.js';

/** Settings of the creator's session. */
export interface PinnedSession extends PinnedContext {
  /** `user@host` of the creator, for the record. */
  readonly definer: string;
}

/**
 * For `SET SESSION …`. The client's character set is not among them: its statement has become text before it gets
 * here, and the control connection speaks utf8mb4. The mode goes last: with NO_BACKSLASH_ESCAPES the quoting of what
 * follows would change.
 */
export function pinnedAssignments(pinned: PinnedContext): string {
  return [
    `collation_connection = ${printString(pinned.collation)}`,
    `div_precision_increment = ${pinned.divPrecisionIncrement}`,
    `time_zone = ${printString(pinned.timeZone)}`,
    `sql_mode = ${printString(pinned.sqlMode)}`,
  ].join(', ');
}
