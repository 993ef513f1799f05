import { TiviewError } from '../../base/errors.js';

/** The coprocessor's reply is not what its format allows. */
export class BadReplyError extends TiviewError {
  override readonly name = 'BadReplyError';

  constructor(detail: string) {
    super(`coprocessor reply: ${detail}`, { kind: 'badReply', side: 'tikv', isRetryable: false });
  }
}
