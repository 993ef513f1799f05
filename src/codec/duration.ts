/**
 * TIME: a signed duration in nanoseconds, within ±838:59:59.
 *
 * @see pingcap/tidb pkg/types/time.go (Duration), https://dev.mysql.com/doc/refman/8.0/en/time.html
 */
import { assert } from '../base/assert.js';
import { digits } from './packed-time.js';

const TEXT = /^(-?)(\d{1,3}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?$/;
const MICROSECOND = 1000n;
const SECOND = 1_000_000_000n;

/**
 * Reads `[-]HHH:MM:SS[.ffffff]`, the form in which TiDB itself prints durations.
 *
 * @returns nanoseconds, or undefined when the text is not of that form.
 */
export function parseDuration(text: string): bigint | undefined {
  const match = TEXT.exec(text);
  if (match === null) return undefined;
  const [, sign, hours, minutes, seconds, fraction = ''] = match;
  if (Number(minutes) > 59 || Number(seconds) > 59) return undefined;
  const total = (BigInt(Number(hours)) * 60n + BigInt(Number(minutes))) * 60n + BigInt(Number(seconds));
  const nanoseconds = total * SECOND + BigInt(fraction.padEnd(6, '0')) * MICROSECOND;
  return sign === '-' ? -nanoseconds : nanoseconds;
}

/**
 * `[-]HH:MM:SS` with `fsp` fractional digits; what is beyond them is cut off.
 *
 * @param fsp - 0 to 6.
 */
export function formatDuration(nanoseconds: bigint, fsp: number): string {
  assert(fsp >= 0 && fsp <= 6, `fsp ${fsp}`);
  const isNegative = nanoseconds < 0n;
  const absolute = isNegative ? -nanoseconds : nanoseconds;
  const total = Number(absolute / SECOND);
  const microseconds = Number((absolute % SECOND) / MICROSECOND);
  const hours = Math.floor(total / 3600);
  const text = `${digits(hours, 2)}:${digits(Math.floor(total / 60) % 60, 2)}:${digits(total % 60, 2)}`;
  const fraction = fsp === 0 ? '' : `.${digits(microseconds, 6).slice(0, fsp)}`;
  return `${isNegative ? '-' : ''}${text}${fraction}`;
}
