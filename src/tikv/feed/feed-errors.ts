/** Operating errors of the change feed. */
import { TiviewError } from '../../base/errors.js';

/** A message of TiKV's feed is not what the protocol says: the stream is given up and opened again. */
export class MalformedEventError extends TiviewError {
  override readonly name = 'MalformedEventError';

  constructor(what: string) {
    super(`malformed change event: ${what}`, { kind: 'feedMalformed', side: 'tikv', isRetryable: true });
  }
}

/** TiKV refuses to feed us, and would again: another cluster, or a protocol too old or too new. */
export class FeedRefusedError extends TiviewError {
  override readonly name = 'FeedRefusedError';

  constructor(message: string) {
    super(message, { kind: 'feedRefused', side: 'tikv', isRetryable: false });
  }
}

/** A commit came at or below a resolved ts that had been announced: what was said to be complete was not. */
export class FeedBrokenError extends TiviewError {
  override readonly name = 'FeedBrokenError';

  constructor(message: string) {
    super(message, { kind: 'feedBroken', side: 'tikv', isRetryable: true });
  }
}

/** gRPC's status code of an error if it carries one (`@grpc/grpc-js` and what wraps it put it into `code`). */
export function statusCodeOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('code' in error && typeof error.code === 'number') return error.code;
  return 'cause' in error ? statusCodeOf(error.cause) : undefined;
}

/** gRPC status: the server has no such method, or refuses a feature in the metadata. */
export const UNIMPLEMENTED = 12;
