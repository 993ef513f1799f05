/**
 * Sums of doubles without any rounding: an expansion, that is a list of doubles whose exact sum is the sum, no two of
 * which overlap. So a value that is taken away leaves no trace, and the order of rows does not matter.
 *
 * @see Shewchuk, "Adaptive Precision Floating-Point Arithmetic", 1997, §2; Python's math.fsum
 */

/** Adds `value`, `weight` times, to the expansion `parts` in place. Parts are in ascending order of magnitude. */
export function addToExpansion(parts: number[], value: number, weight: number): void {
  // Products with powers of two are exact.
  for (
    let left = Math.abs(weight), power = weight < 0 ? -1 : 1;
    left > 0;
    left = Math.floor(left / 2), power *= 2
  ) {
    if (left % 2 === 1) addOne(parts, value * power);
  }
}

function addOne(parts: number[], value: number): void {
  let x = value;
  let count = 0;
  for (const part of parts) {
    const [large, small] = Math.abs(x) < Math.abs(part) ? [part, x] : [x, part];
    const sum = large + small;
    const error = small - (sum - large);
    if (error !== 0) parts[count++] = error;
    x = sum;
  }
  parts.length = count;
  if (x !== 0) parts.push(x);
}

/** The double nearest to an expansion's exact sum. */
export function roundExpansion(parts: readonly number[]): number {
  let at = parts.length - 1;
  if (at < 0) return 0;
  let sum = parts[at--]!;
  let error = 0;
  while (at >= 0) {
    const before = sum;
    const part = parts[at--]!;
    sum = before + part;
    error = part - (sum - before);
    if (error !== 0) break;
  }
  // Half-way cases: what comes below decides to which side the tie falls.
  if (at >= 0 && ((error < 0 && parts[at]! < 0) || (error > 0 && parts[at]! > 0))) {
    const doubled = error * 2;
    const other = sum + doubled;
    if (doubled === other - sum) sum = other;
  }
  return sum;
}
