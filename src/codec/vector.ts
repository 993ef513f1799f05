/**
 * VECTOR: the number of dimensions and as many single-precision numbers, all little-endian.
 *
 * @see pingcap/tidb pkg/types/vector.go
 */
import { ByteReader } from './byte-reader.js';
import { malformed } from './codec-error.js';
import { plainFloatText } from './float-text.js';

/** Most dimensions TiDB allows. */
const DIMENSIONS_MAX = 16_383;

/**
 * Where the vector that begins at `at` ends.
 *
 * @throws CodecError — when it is cut short or has too many dimensions.
 */
export function vectorEnd(bytes: Uint8Array, at: number, end: number): number {
  const from = new ByteReader(bytes, at, end);
  const dimensions = from.u32le();
  if (dimensions > DIMENSIONS_MAX) malformed(`vector of ${dimensions} dimensions at ${at}`);
  from.skip(4 * dimensions);
  return from.at;
}

/**
 * The vector as TiDB prints it: `[1,2.5]`.
 *
 * @throws CodecError — when the bytes are not exactly one vector.
 */
export function vectorText(bytes: Uint8Array): string {
  if (vectorEnd(bytes, 0, bytes.length) !== bytes.length) malformed('bytes after a vector');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const elements: string[] = [];
  for (let at = 4; at < bytes.length; at += 4) elements.push(plainFloatText(view.getFloat32(at, true)));
  return `[${elements.join(',')}]`;
}
