/** What a description says, as text: two of them with the same text compute the same from the same tables. */
import type { NodeSpec } from './view-spec.js';

/** The text of a relation, or of a part of one. Only for comparing. */
export function signatureOf(spec: NodeSpec | object): string {
  return JSON.stringify(spec, (_, value: unknown) => {
    if (typeof value === 'bigint') return { bigint: value.toString() };
    if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('hex') };
    if (typeof value === 'number' && !Number.isFinite(value)) return { number: String(value) };
    return Object.is(value, -0) ? { number: '-0' } : value;
  });
}
