/** The errors of reading TiDB's schema. */
import { TiviewError } from '../base/errors.js';

/** A TableInfo or DBInfo that cannot be understood: not JSON, or something that is needed is missing or odd. */
export class SchemaError extends TiviewError {
  override readonly name = 'SchemaError';

  constructor(message: string, cause?: unknown) {
    super(message, { kind: 'schemaUnreadable', side: 'tidb', isRetryable: false, cause });
  }
}

/**
 * A table that cannot be written right now because TiDB is changing it in a way that only TiDB can follow (building an
 * index through a temporary one, converting a column). It can be when the change is done.
 */
export class TableChangingError extends TiviewError {
  override readonly name = 'TableChangingError';

  constructor(message: string) {
    super(message, { kind: 'tableChanging', side: 'tidb', isRetryable: true });
  }
}
