/** Small answers. */
import type { ResultColumn, ResultPart } from '../service-types.js';

/** Text columns; a name that begins with `#` is an integer's. */
export function columnsOf(...names: readonly string[]): ResultPart {
  const columns = names.map((name): ResultColumn => ({
    name: name.replace(/^#/, ''),
    isInteger: name.startsWith('#'),
  }));
  return { kind: 'columns', columns };
}

/** All done. */
export const OK: ResultPart = { kind: 'ok', warnings: [] };
