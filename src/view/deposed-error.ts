/** How a reign ends when there is another owner. */
import { TiviewError } from '../base/errors.js';
import type { Frontier } from '../commit/frontier.js';

/** Somebody else reigns: whatever this owner holds in memory is worth nothing any more. */
export class DeposedError extends TiviewError {
  override readonly name = 'DeposedError';

  constructor(frontier: Frontier | undefined) {
    super(`deposed: term ${frontier?.term ?? '?'} is ${frontier?.owner ?? 'nobody'}'s`, {
      kind: 'deposed',
      side: 'proxy',
      isRetryable: true,
    });
  }
}
