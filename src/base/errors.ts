/**
 * Operating errors: things that go wrong outside this program's control and that somebody above can act on.
 * Bugs are {@link AssertionError}s; unknown outcomes are values (`undetermined`), never exceptions.
 *
 * A third party's error is wrapped once, at the border where it comes in, with what was tried and with which
 * identifiers; above that it passes unchanged.
 */

/** Whose fault an error is: decides who is told, and whether trying elsewhere can help. */
export type Side = 'client' | 'proxy' | 'tidb' | 'pd' | 'tikv';

/** What every operating error carries besides its message. */
export interface ErrorTraits {
  /** Stable, machine-readable name, unique in the program: `regionUnavailable`, `notSupported`, … */
  readonly kind: string;
  readonly side: Side;
  /** Whether the same attempt may succeed later, with nothing changed by the caller. */
  readonly isRetryable: boolean;
  readonly cause?: unknown;
}

/** Base of all operating errors. */
export class TiviewError extends Error {
  override readonly name: string = 'TiviewError';
  readonly kind: string;
  readonly side: Side;
  readonly isRetryable: boolean;

  constructor(message: string, traits: ErrorTraits) {
    super(message, traits.cause === undefined ? undefined : { cause: traits.cause });
    this.kind = traits.kind;
    this.side = traits.side;
    this.isRetryable = traits.isRetryable;
  }
}

/** A queue, buffer, cache or retry budget reached its bound (base/limits.ts). */
export class LimitError extends TiviewError {
  override readonly name = 'LimitError';

  constructor(message: string, cause?: unknown) {
    super(message, { kind: 'limit', side: 'proxy', isRetryable: true, cause });
  }
}

/**
 * An error with MySQL's number and state, meant for a client as it stands: ours (1235, 1288, …) or one that TiDB
 * gave and that is passed on.
 *
 * @see https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html
 */
export class SqlError extends TiviewError {
  override readonly name = 'SqlError';
  readonly errno: number;
  /** Five characters. */
  readonly sqlState: string;

  constructor(errno: number, sqlState: string, message: string, cause?: unknown) {
    super(message, { kind: 'sql', side: 'client', isRetryable: false, cause });
    this.errno = errno;
    this.sqlState = sqlState;
  }
}

/** The message of whatever was thrown, for logs and for `Last_error`. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whatever was thrown, as an Error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
