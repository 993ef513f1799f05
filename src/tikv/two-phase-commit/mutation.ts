/** What a transaction does to a key. */
import { unreachable } from '../../base/assert.js';
import { NO_BYTES } from '../../base/bytes.js';
import { Assertion, type MutationMessage, Op } from '../proto-types.js';

/**
 * A change of one key. With `assert`, the prewrite fails unless the key has a value (`exist`) or has none
 * (`notExist`) at the transaction's start: a cheap alarm for what should never happen (TRUTH §4).
 */
export type Mutation =
  /** `value` is not empty: TiKV cannot tell an empty one from none. */
  | {
      readonly kind: 'put';
      readonly key: Uint8Array;
      readonly value: Uint8Array;
      readonly assert?: KeyAssertion;
    }
  | { readonly kind: 'delete'; readonly key: Uint8Array; readonly assert?: KeyAssertion }
  /** Changes nothing, but conflicts with everybody who does: a guard. The key need not exist. */
  | { readonly kind: 'lock'; readonly key: Uint8Array };

/** What is asserted of a key. */
type KeyAssertion = 'exist' | 'notExist';

/** As TiKV has it. */
export function mutationMessage(mutation: Mutation): MutationMessage {
  const { key } = mutation;
  switch (mutation.kind) {
    case 'put':
      return { op: Op.put, key, value: mutation.value, assertion: assertionOf(mutation.assert) };
    case 'delete':
      return { op: Op.del, key, value: NO_BYTES, assertion: assertionOf(mutation.assert) };
    case 'lock':
      return { op: Op.lock, key, value: NO_BYTES, assertion: Assertion.none };
    default:
      return unreachable(mutation);
  }
}

/** Bytes that count against the size of an RPC. */
export function mutationSize(mutation: Mutation): number {
  return mutation.key.length + (mutation.kind === 'put' ? mutation.value.length : 0);
}

function assertionOf(assertion: KeyAssertion | undefined): number {
  return assertion === undefined ? Assertion.none : Assertion[assertion];
}
