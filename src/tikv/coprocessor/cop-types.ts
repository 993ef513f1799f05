/**
 * The messages of coprocessor and tipb as TypeScript sees them (see ../proto.ts for the rules). tipb is proto2: what
 * is given is written, even if it is zero.
 *
 * @see proto/coprocessor.proto, proto/tipb.proto
 */
import type { LockInfo, WithContext, WithRegionError } from '../proto-types.js';

/** Raw keys, [start, end). */
export interface CopRange {
  readonly start: Uint8Array;
  readonly end: Uint8Array;
}

export interface CopRequest extends WithContext {
  /** 103: a DAG. */
  readonly tp: bigint;
  /** A {@link DagRequest}. */
  readonly data: Uint8Array;
  readonly ranges: readonly CopRange[];
  readonly startTs: bigint;
  readonly pagingSize: bigint;
}

export interface CopResponse extends WithRegionError {
  /** A {@link SelectResponse}. */
  readonly data: Uint8Array;
  readonly locked: LockInfo | null;
  readonly otherError: string;
  /** With paging: what was consumed; the next page begins at its end. */
  readonly range: CopRange | null;
}

export const EncodeType = { default: 0, chunk: 1 } as const;

export const ExecType = { tableScan: 0, selection: 2 } as const;

export interface ColumnInfoMessage {
  readonly columnId: bigint;
  readonly tp: number;
  readonly collation: number;
  readonly columnLen: number;
  readonly decimal: number;
  readonly flag: number;
  readonly elems: readonly string[];
  readonly defaultVal?: Uint8Array;
  readonly pkHandle: boolean;
}

export interface FieldTypeMessage {
  readonly tp: number;
  readonly flag: number;
  readonly flen: number;
  readonly decimal: number;
  readonly collate: number;
  readonly charset: string;
}

export interface ExprMessage {
  readonly tp: number;
  readonly val?: Uint8Array;
  readonly children?: readonly ExprMessage[];
  readonly sig?: number;
  readonly fieldType?: FieldTypeMessage;
}

export interface ExecutorMessage {
  /** One of {@link ExecType}. */
  readonly tp: number;
  readonly tblScan?: {
    readonly tableId: bigint;
    readonly columns: readonly ColumnInfoMessage[];
    readonly desc: boolean;
    readonly primaryColumnIds: readonly bigint[];
    readonly primaryPrefixColumnIds: readonly bigint[];
  };
  readonly selection?: { readonly conditions: readonly ExprMessage[] };
}

export interface DagRequest {
  readonly executors: readonly ExecutorMessage[];
  readonly timeZoneOffset: bigint;
  readonly timeZoneName: string;
  readonly flags: bigint;
  readonly outputOffsets: readonly number[];
  /** One of {@link EncodeType}. */
  readonly encodeType: number;
}

export interface SelectResponse {
  readonly error: { readonly code: number; readonly msg: string } | null;
  readonly chunks: readonly { readonly rowsData: Uint8Array }[];
  readonly warnings: readonly { readonly code: number; readonly msg: string }[];
  /** One of {@link EncodeType}; not always the one asked for. */
  readonly encodeType: number;
}
