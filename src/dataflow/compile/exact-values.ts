/** Exact numbers in compiled code: the building blocks of arithmetic, casts and comparisons. */
import { powerOfTen } from '../../codec/decimal.js';
import type { Code } from './code.js';
import type { ExactValue } from './value.js';

/** 2^53 − 1: sums and products up to here are what they should be. */
const SAFE = '9007199254740991';

/** An exact value being computed: its variables, to be set by the statements of its body. */
export interface ExactTarget {
  readonly small: string;
  readonly wide: string;
}

/** How digits are taken away. */
export type Rounding = 'halfUp' | 'truncate' | 'floor' | 'ceil';

/** Text that is true while a double is an integer that nothing has been lost of. */
export function inRange(text: string): string {
  return `${text} <= ${SAFE} && ${text} >= -${SAFE}`;
}

/** The value as a bigint, at its own scale. */
export function bigText({ small, wide }: ExactValue): string {
  return wide === undefined ? `BigInt(${small})` : `(${wide} ?? BigInt(${small}))`;
}

/** The value as a bigint at a greater scale. */
export function bigAt(value: ExactValue, scale: number): string {
  const power = powerOfTen(scale - value.scale);
  return power === 1n ? bigText(value) : `${bigText(value)} * ${power}n`;
}

/** The value as a double at a greater scale, and what must hold for it to be exact. */
export function smallAt(
  value: ExactValue,
  scale: number,
  code: Code,
): { readonly text: string; readonly conditions: readonly string[] } {
  const isSmall = value.wide === undefined ? [] : [`${value.wide} === undefined`];
  if (scale === value.scale) return { text: value.small, conditions: isSmall };
  const text = code.result(`${value.small} * ${Number(powerOfTen(scale - value.scale))}`);
  return { text, conditions: [...isSmall, inRange(text)] };
}

/** Declares an exact value and computes it where it is not NULL. */
export function exactResult(
  isNull: string | undefined,
  scale: number,
  code: Code,
  body: (target: ExactTarget) => void,
): ExactValue {
  const [small, wide] = [code.name('s'), code.name('w')];
  code.emit(`let ${small} = 0, ${wide};`);
  const { statements } = code.block(() => body({ small, wide }));
  code.emit(isNull === undefined ? `{ ${statements} }` : `if (!${isNull}) { ${statements} }`);
  return { kind: 'exact', isNull, small, wide, scale };
}

/** Statements that set a target to a bigint, which may well be small. */
export function setBig({ small, wide }: ExactTarget, big: string): string {
  return `if (${inRange(big).replaceAll(SAFE, `${SAFE}n`)}) ${small} = Number(${big}); else ${wide} = ${big};`;
}

/**
 * Sets a target to a double where that is exact, else to a bigint.
 *
 * @param check - statements that look at the bigint `big` before it is taken.
 */
export function setExact(
  target: ExactTarget,
  fast: { readonly conditions: readonly string[]; readonly number: string },
  slow: { readonly big: string; readonly check?: string },
  code: Code,
): void {
  const big = code.name('b');
  const slowText = `const ${big} = ${slow.big}; ${(slow.check ?? '').replaceAll('$', big)} ${setBig(target, big)}`;
  const { conditions, number } = fast;
  code.emit(
    conditions.length === 0
      ? `${target.small} = ${number};`
      : `if (${conditions.join(' && ')}) ${target.small} = ${number}; else { ${slowText} }`,
  );
}

/** A value at another scale. */
export function rescaleCode(value: ExactValue, scale: number, rounding: Rounding, code: Code): ExactValue {
  if (scale === value.scale) return value;
  return exactResult(value.isNull, scale, code, (target) => {
    if (scale > value.scale) {
      const { text, conditions } = smallAt(value, scale, code);
      setExact(target, { conditions, number: text }, { big: bigAt(value, scale) }, code);
      return;
    }
    const power = powerOfTen(value.scale - scale);
    const isSmall = value.wide === undefined ? [] : [`${value.wide} === undefined`];
    // A power beyond 2^53 is greater than twice any small value, and what is left of the value is the value.
    const [n, r, q] = [value.small, code.name('r'), code.name('q')];
    const p = Number(power);
    code.emit(`let ${r} = ${n} % ${p}, ${q} = (${n} - ${r}) / ${p} + 0; ${adjusted(rounding, q, r, p)}`);
    setExact(
      target,
      { conditions: isSmall, number: q },
      { big: `${code.constant(ROUNDED[rounding])}(${bigText(value)}, ${power}n)` },
      code,
    );
  });
}

/** Corrects a quotient that was rounded towards zero by what was left over. */
function adjusted(rounding: Rounding, q: string, r: string, power: number): string {
  switch (rounding) {
    case 'truncate':
      return '';
    case 'halfUp':
      return `if (${r} * 2 >= ${power}) ${q} += 1; else if (${r} * 2 <= -${power}) ${q} -= 1;`;
    case 'floor':
      return `if (${r} < 0) ${q} -= 1;`;
    case 'ceil':
      return `if (${r} > 0) ${q} += 1;`;
  }
}

const ROUNDED: Readonly<Record<Rounding, (unscaled: bigint, power: bigint) => bigint>> = {
  truncate: (unscaled, power) => unscaled / power,
  halfUp: (unscaled, power) => (unscaled + (unscaled < 0n ? -power / 2n : power / 2n)) / power,
  floor: (unscaled, power) => unscaled / power - (unscaled % power < 0n ? 1n : 0n),
  ceil: (unscaled, power) => unscaled / power + (unscaled % power > 0n ? 1n : 0n),
};
