/**
 * DATE, DATETIME and TIMESTAMP as TiDB packs them into 64 bits, which compare as the moments do:
 *
 *     1 bit 0 | 17 bits year × 13 + month | 5 day | 5 hour | 6 minute | 6 second | 24 microseconds
 *
 * Zero parts are allowed (0000-00-00, 2024-00-00). TIMESTAMP is stored in UTC, the others without a time zone; the
 * zero TIMESTAMP has none either.
 *
 * @see pingcap/tidb pkg/types/time.go (ToPackedUint, FromPackedUint)
 */
import { assert } from '../base/assert.js';
import { malformed } from './codec-error.js';

/** A moment's parts; `month` and `day` may be zero. */
export interface TimeParts {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly microsecond: number;
}

const TEXT = /^(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?)?$/;

/** Packs valid parts. */
export function packTime(parts: TimeParts): bigint {
  const yearMonth = parts.year * 13 + parts.month;
  const day = yearMonth * 32 + parts.day;
  const seconds = (parts.hour * 64 + parts.minute) * 64 + parts.second;
  return (BigInt(day * 0x2_0000 + seconds) << 24n) | BigInt(parts.microsecond);
}

/**
 * Unpacks a stored value.
 *
 * @throws CodecError — when a part is out of its range, such as hour 25.
 */
export function unpackTime(packed: bigint): TimeParts {
  const upper = Number(packed >> 24n);
  const seconds = upper % 0x2_0000;
  const date = Math.floor(upper / 0x2_0000);
  const yearMonth = Math.floor(date / 32);
  const parts: TimeParts = {
    year: Math.floor(yearMonth / 13),
    month: yearMonth % 13,
    day: date % 32,
    hour: seconds >> 12,
    minute: (seconds >> 6) & 63,
    second: seconds & 63,
    microsecond: Number(packed & 0xff_ffffn),
  };
  if (!inRange(parts)) malformed(`packed time ${packed}`);
  return parts;
}

function inRange(parts: TimeParts): boolean {
  return (
    parts.year <= 9999 &&
    parts.month <= 12 &&
    parts.day <= 31 &&
    parts.hour <= 23 &&
    parts.minute <= 59 &&
    parts.second <= 59 &&
    parts.microsecond <= 999_999
  );
}

/**
 * Reads `YYYY-MM-DD[ HH:MM:SS[.ffffff]]`, the form in which TiDB itself prints times.
 *
 * @returns undefined — when the text is not of that form or a part is out of its range.
 */
export function parseTime(text: string): TimeParts | undefined {
  const match = TEXT.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = ''] = match;
  const parts: TimeParts = {
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
    microsecond: Number(fraction.padEnd(6, '0')),
  };
  return inRange(parts) ? parts : undefined;
}

/** `YYYY-MM-DD`. */
export function formatDate(parts: TimeParts): string {
  return `${digits(parts.year, 4)}-${digits(parts.month, 2)}-${digits(parts.day, 2)}`;
}

/**
 * `YYYY-MM-DD HH:MM:SS` with `fsp` fractional digits; what is beyond them is cut off, not rounded.
 *
 * @param fsp - 0 to 6.
 */
export function formatDatetime(parts: TimeParts, fsp: number): string {
  assert(fsp >= 0 && fsp <= 6, `fsp ${fsp}`);
  const time = `${digits(parts.hour, 2)}:${digits(parts.minute, 2)}:${digits(parts.second, 2)}`;
  const fraction = fsp === 0 ? '' : `.${digits(parts.microsecond, 6).slice(0, fsp)}`;
  return `${formatDate(parts)} ${time}${fraction}`;
}

/** A number with at least `width` digits. */
export function digits(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

const MINUTES_A_DAY = 24 * 60;

/**
 * The moment some minutes later (or earlier): from UTC to a time zone's wall clock, for a TIMESTAMP. Parts of zero
 * dates stay as they are.
 */
export function shiftMinutes(parts: TimeParts, minutes: number): TimeParts {
  if (minutes === 0 || parts.month === 0 || parts.day === 0) return parts;
  const total = parts.hour * 60 + parts.minute + minutes;
  const dayShift = Math.floor(total / MINUTES_A_DAY);
  const rest = total - dayShift * MINUTES_A_DAY;
  const date = dateOfDay(dayOfDate(parts.year, parts.month, parts.day) + dayShift);
  return { ...parts, ...date, hour: Math.floor(rest / 60), minute: rest % 60 };
}

/**
 * Days since 1970-01-01 of a date of the (proleptic) Gregorian calendar. Years are counted from March, so that the
 * leap day is the last of its year.
 *
 * @see Howard Hinnant, "chrono-compatible low-level date algorithms"
 */
export function dayOfDate(year: number, month: number, day: number): number {
  const marchYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** Inverse of {@link dayOfDate}. */
export function dateOfDay(day: number): {
  readonly year: number;
  readonly month: number;
  readonly day: number;
} {
  const shifted = day + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1,
  };
}
