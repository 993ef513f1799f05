/**
 * A coprocessor that knows one plan: the keys and values of ranges as two columns of strings, in pages. Like TiKV it
 * takes a range for a point that looks like one (TRUTH §10).
 */
import { ByteWriter } from '../../../src/base/byte-writer.js';
import { compareBytes, equalBytes, nextKey, prefixEnd } from '../../../src/base/bytes.js';
import { writeVarint } from '../../../src/codec/varint.js';
import type { CopRange, CopRequest, SelectResponse } from '../../../src/tikv/coprocessor/cop-types.js';
import { messageCodec } from '../../../src/tikv/proto.js';
import type { FakeMvcc, Reading } from './fake-mvcc.js';

const COMPACT_BYTES = 2;
const response = messageCodec<SelectResponse>('tipb.SelectResponse');

/** Answers one page. */
export function scanPage(mvcc: FakeMvcc, request: CopRequest, reading: Reading): Record<string, unknown> {
  const out = new ByteWriter();
  let rows = 0n;
  for (const range of request.ranges) {
    for (const key of keysOf(mvcc, range)) {
      const found = mvcc.read(key, reading);
      if ('error' in found) return { locked: found.error.locked };
      if (found.value === undefined) continue;
      for (const bytes of [key, found.value]) {
        writeVarint(out.u8(COMPACT_BYTES), BigInt(bytes.length));
        out.bytes(bytes);
      }
      if (++rows === request.pagingSize) return answer(out, { start: range.start, end: nextKey(key) });
    }
  }
  return answer(out, { start: request.ranges[0]!.start, end: request.ranges.at(-1)!.end });
}

function keysOf(mvcc: FakeMvcc, { start, end }: CopRange): readonly Uint8Array[] {
  const isPoint = equalBytes(prefixEnd(start), end);
  const keys = mvcc.keysIn(start, end);
  return isPoint ? keys.filter((key) => compareBytes(key, start) === 0) : keys;
}

function answer(rows: ByteWriter, range: CopRange): Record<string, unknown> {
  return { data: response.encode({ chunks: [{ rowsData: rows.take() }], encodeType: 0 }), range };
}
