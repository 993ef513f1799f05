/**
 * Decoder of `cdcpb.ChangeDataEvent`, by hand and in place: nothing is allocated a row. The caller pulls events and
 * rows; what a row holds are numbers (halves of timestamps, offsets into the received bytes) in one cursor that the
 * next row overwrites. This is the hottest loop of the feed: a decoder that builds objects is 5–10 times slower
 * (PERFORMANCE §3).
 *
 * Unknown fields are skipped. Bytes that are not a well-formed message are refused with a typed error; a length that
 * leads out of what contains it is always noticed, because every level checks that it ended where its parent said.
 *
 * A little over 400 lines: the levels of the message share one cursor, and each is read by a loop of its own.
 *
 * @see proto/cdcpb.proto, https://protobuf.dev/programming-guides/encoding/
 */
import { NO_BYTES } from '../../base/bytes.js';
import { ts, type Ts } from '../../codec/tso.js';
import { MalformedEventError } from './feed-errors.js';
import { decodeRegionError, type RegionError } from './region-error.js';
import { skipField } from './proto-reader.js';

/** `cdcpb.Event.LogType`. */
export const RowType = {
  unknown: 0,
  prewrite: 1,
  commit: 2,
  rollback: 3,
  committed: 4,
  initialized: 5,
} as const;

/** `cdcpb.Event.Row.OpType`. */
export const RowOp = { unknown: 0, put: 1, delete: 2 } as const;

/** One row: offsets into {@link EventDecoder.bytes}, valid until the next row. Halves of 64-bit numbers are int32. */
export class RowCursor {
  /** Where the row's field begins (its tag), its message begins, and both end. */
  tagAt = 0;
  at = 0;
  end = 0;
  type = 0;
  op = 0;
  startLo = 0;
  startHi = 0;
  commitLo = 0;
  commitHi = 0;
  keyAt = 0;
  keyLength = 0;
  valueAt = 0;
  valueLength = 0;
  oldAt = 0;
  oldLength = 0;
  /** Low 32 bits; TiKV uses 17. */
  txnSource = 0;
  /** Low 32 bits: of a pipelined transaction's flush. */
  generation = 0;
}

/** What {@link EventDecoder.next} stands at. `resolved` covers both of the protocol's forms. */
export type EventKind = 'rows' | 'resolved' | 'error' | 'other';

/** Pulls events and rows out of one message after another. Reused: one a feed. */
export class EventDecoder {
  readonly row = new RowCursor();
  /** The message; rows' offsets point into it. */
  bytes: Uint8Array = NO_BYTES;
  /** The same bytes for reading words. */
  view: DataView = new DataView(NO_BYTES.buffer);
  /** Of the event at hand, except for `resolved`, where {@link regions} counts. */
  regionId = 0;
  /** 0 in batched resolved timestamps of streams without multiplexing. */
  requestId = 0;
  /** Of a `resolved` event. */
  resolvedTs: Ts = ts(0n);
  /** Of a `resolved` event; overwritten by the next. */
  regions: number[] = [];

  #at = 0;
  #rowsAt = 0;
  #rowsEnd = 0;
  #errorAt = 0;
  #errorEnd = 0;
  #lo = 0;
  #hi = 0;

  /** Begins a message. The bytes are only read, and let go with the next `open`. */
  open(message: Uint8Array): void {
    this.bytes = message;
    this.view = new DataView(message.buffer, message.byteOffset, message.byteLength);
    this.#at = 0;
    this.#rowsAt = 0;
    this.#rowsEnd = 0;
  }

  /** Puts the cursor on a row that stands alone, as it was cut out of a message. */
  openRow(row: Uint8Array): void {
    this.open(row);
    this.#at = row.length;
    this.row.tagAt = this.row.at = 0;
    this.row.end = row.length;
    this.#rowFields(this.row, 0, row.length);
  }

  /**
   * Moves to the next event.
   *
   * @returns its kind; undefined at the end of the message.
   * @throws MalformedEventError
   */
  next(): EventKind | undefined {
    const { bytes } = this;
    const end = bytes.length;
    while (this.#at < end) {
      const tag = bytes[this.#at]!;
      if (tag === 0x0a || tag === 0x12) {
        const at = this.#length(this.#at + 1, end);
        const to = at + this.#lo;
        this.#at = to;
        return tag === 0x0a ? this.#event(at, to) : this.#batchedResolved(at, to);
      }
      this.#at = skipField(bytes, this.#at, end);
    }
    return undefined;
  }

  /**
   * Moves the cursor to the next row of a `rows` event.
   *
   * @returns false after the last.
   * @throws MalformedEventError
   */
  nextRow(): boolean {
    const { bytes } = this;
    const rowsEnd = this.#rowsEnd;
    let at = this.#rowsAt;
    while (at < rowsEnd && bytes[at] !== 0x0a) at = skipField(bytes, at, rowsEnd);
    if (at >= rowsEnd) return false;
    const { row } = this;
    row.tagAt = at;
    at = this.#length(at + 1, rowsEnd);
    const end = at + this.#lo;
    row.at = at;
    row.end = end;
    this.#rowsAt = end;
    this.#rowFields(row, at, end);
    return true;
  }

  /** The error of an `error` event. */
  error(): RegionError {
    return decodeRegionError(this.bytes.subarray(this.#errorAt, this.#errorEnd));
  }

  /**
   * Fields in the order in which every known server writes them go straight down; any other order, an unknown field
   * or a rare one is left to the loop, which takes all.
   */
  #rowFields(row: RowCursor, from: number, end: number): void {
    const { bytes } = this;
    row.type = row.op = row.txnSource = row.generation = 0;
    row.startLo = row.startHi = row.commitLo = row.commitHi = 0;
    row.keyLength = row.valueLength = row.oldLength = 0;
    let at = from;
    if (bytes[at] === 0x08 && at < end) {
      at = this.#timestamp(at + 1);
      row.startLo = this.#lo;
      row.startHi = this.#hi;
    }
    if (bytes[at] === 0x10 && at < end) {
      at = this.#timestamp(at + 1);
      row.commitLo = this.#lo;
      row.commitHi = this.#hi;
    }
    if (bytes[at] === 0x18 && at + 1 < end && bytes[at + 1]! < 0x80) {
      row.type = bytes[at + 1]!;
      at += 2;
    }
    if (bytes[at] === 0x20 && at + 1 < end && bytes[at + 1]! < 0x80) {
      row.op = bytes[at + 1]!;
      at += 2;
    }
    if (bytes[at] === 0x2a && at < end) {
      row.keyAt = at = this.#length(at + 1, end);
      at += row.keyLength = this.#lo;
    }
    if (bytes[at] === 0x32 && at < end) {
      row.valueAt = at = this.#length(at + 1, end);
      at += row.valueLength = this.#lo;
    }
    if (bytes[at] === 0x3a && at < end) {
      row.oldAt = at = this.#length(at + 1, end);
      at += row.oldLength = this.#lo;
    }
    if (at !== end) this.#otherFields(row, at, end);
  }

  #otherFields(row: RowCursor, from: number, end: number): void {
    const { bytes } = this;
    let at = from;
    while (at < end) {
      switch (bytes[at]) {
        case 0x08:
          at = this.#varint(at + 1);
          row.startLo = this.#lo;
          row.startHi = this.#hi;
          break;
        case 0x10:
          at = this.#varint(at + 1);
          row.commitLo = this.#lo;
          row.commitHi = this.#hi;
          break;
        case 0x18:
          at = this.#varint(at + 1);
          row.type = this.#lo;
          break;
        case 0x20:
          at = this.#varint(at + 1);
          row.op = this.#lo;
          break;
        case 0x2a:
          row.keyAt = at = this.#length(at + 1, end);
          at += row.keyLength = this.#lo;
          break;
        case 0x32:
          row.valueAt = at = this.#length(at + 1, end);
          at += row.valueLength = this.#lo;
          break;
        case 0x3a:
          row.oldAt = at = this.#length(at + 1, end);
          at += row.oldLength = this.#lo;
          break;
        case 0x48:
          at = this.#varint(at + 1);
          row.txnSource = this.#lo;
          break;
        case 0x50:
          at = this.#varint(at + 1);
          row.generation = this.#lo;
          break;
        default:
          at = skipField(bytes, at, end);
      }
    }
    if (at !== end) throw new MalformedEventError(`a row ends at ${at}, not at ${end}`);
  }

  /** Reads everything but the rows: the request id, which decides whose they are, comes after them. */
  #event(from: number, end: number): EventKind {
    const { bytes } = this;
    let kind: EventKind | undefined;
    let at = from;
    this.regionId = 0;
    this.requestId = 0;
    while (at < end) {
      const tag = bytes[at];
      switch (tag) {
        case 0x08:
          at = this.#varint(at + 1);
          this.regionId = this.#id();
          break;
        case 0x38:
          at = this.#varint(at + 1);
          this.requestId = this.#id();
          break;
        case 0x1a:
        case 0x2a:
        case 0x30:
          if (kind !== undefined) throw new MalformedEventError('an event has two contents');
          kind = tag === 0x1a ? 'rows' : tag === 0x2a ? 'error' : 'resolved';
          at = this.#content(kind, at + 1, end);
          break;
        default:
          at = skipField(bytes, at, end);
      }
    }
    if (at !== end) throw new MalformedEventError(`an event ends at ${at}, not at ${end}`);
    if (kind === 'resolved') this.regions = [this.regionId];
    return kind ?? 'other';
  }

  #content(kind: EventKind, at: number, end: number): number {
    if (kind === 'resolved') {
      const after = this.#varint(at);
      this.resolvedTs = this.#ts();
      return after;
    }
    const contentAt = this.#length(at, end);
    const contentEnd = contentAt + this.#lo;
    if (kind === 'rows') {
      this.#rowsAt = contentAt;
      this.#rowsEnd = contentEnd;
    } else {
      this.#errorAt = contentAt;
      this.#errorEnd = contentEnd;
    }
    return contentEnd;
  }

  #batchedResolved(from: number, end: number): EventKind {
    const { bytes } = this;
    const regions: number[] = [];
    let at = from;
    this.regionId = 0;
    this.requestId = 0;
    this.resolvedTs = ts(0n);
    while (at < end) {
      switch (bytes[at]) {
        case 0x0a: {
          at = this.#length(at + 1, end);
          const packedEnd = at + this.#lo;
          while (at < packedEnd) {
            at = this.#varint(at);
            regions.push(this.#id());
          }
          if (at !== packedEnd) throw new MalformedEventError('packed region ids run over their length');
          break;
        }
        case 0x08:
          at = this.#varint(at + 1);
          regions.push(this.#id());
          break;
        case 0x10:
          at = this.#varint(at + 1);
          this.resolvedTs = this.#ts();
          break;
        case 0x18:
          at = this.#varint(at + 1);
          this.requestId = this.#id();
          break;
        default:
          at = skipField(bytes, at, end);
      }
    }
    if (at !== end) throw new MalformedEventError(`a resolved ts ends at ${at}, not at ${end}`);
    this.regions = regions;
    return 'resolved';
  }

  #ts(): Ts {
    return ts((BigInt(this.#hi >>> 0) << 32n) | BigInt(this.#lo >>> 0));
  }

  #id(): number {
    if (this.#hi >>> 0 > 0x1f_ffff) throw new MalformedEventError('an id above 2^53');
    return (this.#hi >>> 0) * 0x1_0000_0000 + (this.#lo >>> 0);
  }

  /** Reads a length into `#lo`; what follows lies within `end`. */
  #length(at: number, end: number): number {
    const first = this.bytes[at]!;
    let from = at + 1;
    if (first < 0x80) {
      this.#lo = first;
    } else {
      from = this.#varint(at);
      if (this.#hi !== 0 || this.#lo < 0) throw new MalformedEventError('a length above 2^31');
    }
    // Not `from + length > end`: a missing byte (undefined) has to fail as well.
    if (!(from + this.#lo <= end)) throw new MalformedEventError(`a field at ${at} runs over ${end}`);
    return from;
  }

  /** Reads a varint of nine bytes, as timestamps are (since 2004, until 2151), in three loads; others as any. */
  #timestamp(at: number): number {
    const { view } = this;
    if (at + 9 > view.byteLength) return this.#varint(at);
    const low = view.getInt32(at, true);
    const high = view.getInt32(at + 4, true);
    const last = view.getInt8(at + 8);
    if ((low & high & -0x7f7f7f80) !== -0x7f7f7f80 || last < 0) return this.#varint(at);
    const low28 =
      (low & 0x7f) | ((low >>> 1) & 0x3f80) | ((low >>> 2) & 0x1fc000) | ((low >>> 3) & 0xfe00000);
    const high28 =
      (high & 0x7f) | ((high >>> 1) & 0x3f80) | ((high >>> 2) & 0x1fc000) | ((high >>> 3) & 0xfe00000);
    this.#lo = low28 | (high28 << 28);
    this.#hi = (high28 >>> 4) | (last << 24);
    return at + 9;
  }

  /** Reads a varint into `#lo` and `#hi`. Beyond the end of the array it meets nothing below 0x80, and refuses. */
  #varint(from: number): number {
    const { bytes } = this;
    let at = from;
    let byte = bytes[at++]!;
    if (byte < 0x80) {
      this.#lo = byte;
      this.#hi = 0;
      return at;
    }
    let lo = byte & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      byte = bytes[at++]!;
      lo |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.#lo = lo;
        this.#hi = 0;
        return at;
      }
    }
    byte = bytes[at++]!;
    this.#lo = lo | (byte << 28);
    let hi = (byte & 0x7f) >>> 4;
    for (let shift = 3; shift < 32 && !(byte < 0x80); shift += 7) {
      byte = bytes[at++]!;
      hi |= (byte & 0x7f) << shift;
    }
    if (!(byte < 0x80)) throw new MalformedEventError(`a varint at ${from} does not end`);
    this.#hi = hi;
    return at;
  }
}
