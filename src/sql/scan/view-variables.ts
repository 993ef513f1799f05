/** This program's session variables (SURFACE §2, §3), and where a statement reads them. */
import { fromUtf8 } from '../../base/bytes.js';
import type { LexMode } from './lex-mode.js';
import { TokenCursor } from './token-cursor.js';

/** The variables, in lower case. */
export const VIEW_VARIABLES = [
  'mview_read_mode',
  'mview_max_staleness',
  'mview_wait_timeout',
  'mview_last_ts',
  'mview_read_after',
  'mview_mixed_reads',
  'mview_native',
] as const;

/** One of {@link VIEW_VARIABLES}. */
export type ViewVariable = (typeof VIEW_VARIABLES)[number];

/** A `@@[scope.]variable` of this program in a statement: bytes[start, end). */
export interface ViewVariablePlace {
  readonly start: number;
  readonly end: number;
  readonly variable: ViewVariable;
  /** `undefined`: no scope was written, which reads the session's value. */
  readonly scope: 'global' | 'session' | undefined;
}

/** The variables of this program that the statements in bytes[start, end) read: put literals there, and TiDB can run them. */
export function viewVariablePlaces(
  bytes: Uint8Array,
  start: number,
  end: number,
  mode: LexMode,
): readonly ViewVariablePlace[] {
  const places: ViewVariablePlace[] = [];
  for (const cursor = new TokenCursor(bytes, start, end, mode); cursor.kind !== 'end'; cursor.next()) {
    if (cursor.kind !== 'variable') continue;
    const match = /^@@(?:(global|session|local)[.])?`?(mview_\w+)`?$/i.exec(
      fromUtf8(bytes.subarray(cursor.start, cursor.end)),
    );
    const name = match?.[2]?.toLowerCase();
    const variable = VIEW_VARIABLES.find((it) => it === name);
    if (variable === undefined) continue;
    const scope =
      match?.[1] === undefined ? undefined : match[1].toLowerCase() === 'global' ? 'global' : 'session';
    places.push({ start: cursor.start, end: cursor.end, variable, scope });
  }
  return places;
}
