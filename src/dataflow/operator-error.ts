/** An operator could not do its part of an epoch. */
import { TiviewError } from '../base/errors.js';
import type { ViewId } from './view-spec.js';

/**
 * The views that need the operator cannot take part in the epoch; the circuit stands where it stood, and goes on without
 * them. Its cause is a LimitError or an EvaluationError.
 */
export class OperatorError extends TiviewError {
  override readonly name = 'OperatorError';
  /** Views that the operator works for. */
  readonly views: ReadonlySet<ViewId>;
  /** What it died of. */
  readonly reason: TiviewError;

  /** @param operator - as EXPLAIN names it. */
  constructor(operator: string, views: ReadonlySet<ViewId>, reason: TiviewError) {
    super(`${operator}: ${reason.message}`, {
      kind: 'operator',
      side: 'proxy',
      isRetryable: false,
      cause: reason,
    });
    this.views = views;
    this.reason = reason;
  }
}
