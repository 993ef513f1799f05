/** The one error of every decoder here: the bytes are not what TiDB writes. */
import { TiviewError } from '../base/errors.js';

/**
 * Stored or received bytes that do not have the form they should have. Never retryable: reading them again gives the
 * same bytes. Whoever meets one freezes the view rather than guess.
 */
export class CodecError extends TiviewError {
  override readonly name = 'CodecError';

  constructor(message: string, cause?: unknown) {
    super(message, { kind: 'malformed', side: 'tikv', isRetryable: false, cause });
  }
}

/**
 * Refuses malformed bytes.
 *
 * @param what - what was expected and what was found instead; positions rather than values, for values are private.
 * @throws CodecError — always.
 */
export function malformed(what: string): never {
  throw new CodecError(`malformed bytes: ${what}`);
}
