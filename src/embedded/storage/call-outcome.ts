/** What comes of a call to one of the cluster's servers. */
import { RpcCode } from '../../tikv/rpc-error.js';

/** A reply, or why there is none. */
export type CallOutcome =
  | { readonly kind: 'reply'; readonly body: Uint8Array }
  /** gRPC's status. Whether the request was executed the caller cannot tell. */
  | CallFailure;

/** A call, or a stream, that ends without an answer. */
export interface CallFailure {
  readonly kind: 'failure';
  readonly code: number;
  readonly details: string;
}

/** A failure that may pass. */
export function unavailable(details: string): CallFailure {
  return { kind: 'failure', code: RpcCode.unavailable, details };
}

/** For whatever is not served here. */
export function unimplemented(method: string): CallFailure {
  return { kind: 'failure', code: RpcCode.unimplemented, details: `unknown method ${method}` };
}
