/** The one error of the network seam: a call got no answer. Whether the server executed it is unknown. */
import { type Side, TiviewError } from '../base/errors.js';

/** gRPC status codes that this client tells apart. */
export const RpcCode = {
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  permissionDenied: 7,
  failedPrecondition: 9,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** Repeating the same call cannot help. */
const HOPELESS = new Set<number>([
  RpcCode.failedPrecondition, // PD: another cluster
  RpcCode.invalidArgument,
  RpcCode.permissionDenied,
  RpcCode.unimplemented,
  RpcCode.unauthenticated,
]);

/** A call that got no answer, with where it went. */
export class RpcError extends TiviewError {
  override readonly name = 'RpcError';
  /** gRPC status code; see {@link RpcCode}. */
  readonly code: number;
  /** The server's own text. */
  readonly details: string;
  readonly address: string;
  /** Full method name, `/tikvpb.Tikv/KvGet`. */
  readonly method: string;

  constructor(code: number, details: string, target: { address: string; method: string }, cause?: unknown) {
    super(`${target.method} at ${target.address}: ${details} (gRPC code ${code})`, {
      kind: 'rpc',
      side: sideOf(target.method),
      isRetryable: !HOPELESS.has(code),
      cause,
    });
    this.code = code;
    this.details = details;
    this.address = target.address;
    this.method = target.method;
  }

  /** Whether the server does not know the method: it is older or newer than we hoped. */
  get isUnimplemented(): boolean {
    return this.code === RpcCode.unimplemented;
  }
}

function sideOf(method: string): Side {
  return method.startsWith('/pdpb.') ? 'pd' : 'tikv';
}
