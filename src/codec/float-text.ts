/**
 * FLOAT and DOUBLE as TiDB prints them: the fewest digits that read back as the same number, written out between
 * 1e-15 and 1e15 and with an exponent beyond; FLOAT with an exponent keeps six digits only.
 *
 * @see pingcap/tidb pkg/server/internal/util/util.go (AppendFormatFloat)
 */

const EXPONENT_FROM = 1e15;
const EXPONENT_BELOW = 1e-15;
/** The same limits for FLOAT: rounded to single precision first, as TiDB compares. */
const FLOAT_EXPONENT_FROM = Math.fround(EXPONENT_FROM);
const FLOAT_EXPONENT_BELOW = Math.fround(EXPONENT_BELOW);

/** A DOUBLE in a result. */
export function doubleText(value: number): string {
  if (!Number.isFinite(value)) return '0';
  const absolute = Math.abs(value);
  if (absolute >= EXPONENT_FROM || (absolute !== 0 && absolute < EXPONENT_BELOW)) {
    return value.toExponential().replace('e+', 'e');
  }
  return sign(value) + plainDigits(String(absolute));
}

/** A FLOAT in a result; `value` is a single-precision number. */
export function floatText(value: number): string {
  if (!Number.isFinite(value)) return '0';
  const absolute = Math.abs(value);
  if (absolute >= FLOAT_EXPONENT_FROM || (absolute !== 0 && absolute < FLOAT_EXPONENT_BELOW)) {
    const [mantissa, exponent] = absolute.toExponential(5).split('e') as [string, string];
    return `${sign(value)}${mantissa.replace(/\.?0+$/, '')}e${exponent.replace('+', '')}`;
  }
  return sign(value) + plainDigits(shortestFloat(absolute));
}

/** A single-precision number with the fewest digits and no exponent, as in VECTOR. */
export function plainFloatText(value: number): string {
  return sign(value) + plainDigits(shortestFloat(Math.abs(value)));
}

function sign(value: number): string {
  return value < 0 || Object.is(value, -0) ? '-' : '';
}

/**
 * The shortest decimal that rounds to a positive single-precision number; of two that are as near, the even one.
 *
 * `toExponential` gives the nearest decimal of so many digits, and the greater one of two. Just above a power of two
 * the gap below is half as wide as the one above, so there the next decimal up may round back where the nearest does
 * not.
 */
function shortestFloat(absolute: number): string {
  for (let precision = 1; precision <= 9; precision++) {
    const nearest = absolute.toExponential(precision - 1);
    const [mantissa, exponent] = nearest.split('e') as [string, string];
    const digits = Number(mantissa.replace('.', ''));
    const candidate = (value: number): string => `${value}e${Number(exponent) - (precision - 1)}`;
    const isOddTie = digits % 2 === 1 && isTie(absolute, precision);
    for (const text of [candidate(isOddTie ? digits - 1 : digits), candidate(digits + 1)]) {
      if (Math.fround(Number(text)) === absolute) return text;
    }
  }
  return String(absolute);
}

/** Whether the digits after the first `precision` ones are exactly a half. */
function isTie(absolute: number, precision: number): boolean {
  const [mantissa = ''] = absolute.toExponential(EXACT_DIGITS).split('e');
  return /^50*$/.test(mantissa.replace('.', '').slice(precision));
}

/** Enough to tell: a number of nine digits and a half has few more; the others have some digit among these. */
const EXACT_DIGITS = 40;

/** A positive number's digits written out without exponent. */
function plainDigits(text: string): string {
  const [mantissa, exponentText] = text.split('e') as [string, string | undefined];
  const [whole, fraction = ''] = mantissa.split('.') as [string, string | undefined];
  const digits = whole + fraction;
  const point = whole.length + Number(exponentText ?? 0);
  if (point <= 0) return trimmed('0', '0'.repeat(-point) + digits);
  return trimmed(digits.slice(0, point).padEnd(point, '0'), digits.slice(point));
}

function trimmed(whole: string, fraction: string): string {
  const significant = fraction.replace(/0+$/, '');
  return significant === '' ? whole : `${whole}.${significant}`;
}
