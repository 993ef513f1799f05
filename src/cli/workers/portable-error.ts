/**
 * Errors on their way to another process. What an operating error says, of what kind it is, and MySQL's number and
 * state arrive as they were sent; classes below SqlError and TiviewError do not, but ConfigError: it has an exit code.
 */
import { SqlError, type Side, TiviewError, messageOf } from '../../base/errors.js';
import { ConfigError } from '../config-error.js';

/** An error as it crosses: plain, clonable. */
export type PortableError =
  | { readonly kind: 'sql'; readonly errno: number; readonly sqlState: string; readonly message: string }
  | {
      readonly kind: 'operating';
      readonly message: string;
      readonly errorKind: string;
      readonly side: Side;
      readonly isRetryable: boolean;
    }
  | { readonly kind: 'config'; readonly message: string }
  | { readonly kind: 'other'; readonly message: string };

/** Whether it tells of no bug. */
export function isForeseen(error: unknown): boolean {
  return error instanceof TiviewError || error instanceof ConfigError;
}

/** @param error - whatever was thrown, or is an abort's reason. */
export function toPortable(error: unknown): PortableError {
  const message = messageOf(error);
  if (error instanceof SqlError) {
    const { errno, sqlState } = error;
    return { kind: 'sql', errno, sqlState, message };
  }
  if (error instanceof TiviewError) {
    const { kind: errorKind, side, isRetryable } = error;
    return { kind: 'operating', message, errorKind, side, isRetryable };
  }
  return { kind: error instanceof ConfigError ? 'config' : 'other', message };
}

/** Inverse of {@link toPortable}; what was no operating error becomes one of kind `otherProcess`. */
export function fromPortable(error: PortableError): Error {
  switch (error.kind) {
    case 'sql':
      return new SqlError(error.errno, error.sqlState, error.message);
    case 'operating': {
      const { message, errorKind: kind, side, isRetryable } = error;
      return new TiviewError(message, { kind, side, isRetryable });
    }
    case 'config':
      return new ConfigError(error.message);
    case 'other':
      return new TiviewError(error.message, { kind: 'otherProcess', side: 'proxy', isRetryable: false });
  }
}
