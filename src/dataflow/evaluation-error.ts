/** An error of a row's own: what a definition computes of it has no value. */
import { TiviewError } from '../base/errors.js';

/**
 * A value is out of the range of its type (TiDB's error 1690). TiDB's SELECT fails with it, so there is no result that
 * a view could show: whoever maintains the view must stop at the epoch before.
 */
export class EvaluationError extends TiviewError {
  override readonly name = 'EvaluationError';
  /** MySQL's number. */
  readonly errno = 1690;
  /** The piece of SQL that has no value. */
  readonly source: string;

  /** @param typeName - as TiDB's message says it: `BIGINT`, `BIGINT UNSIGNED`, `DECIMAL`, `DOUBLE`. */
  constructor(typeName: string, source: string) {
    super(`${typeName} value is out of range in '${source}'`, {
      kind: 'evaluation',
      side: 'client',
      isRetryable: false,
    });
    this.source = source;
  }
}
