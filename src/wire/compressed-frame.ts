/**
 * A frame of the compressed protocol: three bytes of length, one of sequence id (the frames' own, which begins at 0
 * with each command as packets' ids do), three of the length before compression, and the contents: a piece of the
 * ordinary stream of packets, cut anywhere. Contents that are not worth it go as they are; their third number is 0.
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_compression_packet.html
 */
import { deflateSync } from 'node:zlib';

/** Bytes before each frame's contents. */
export const FRAME_HEADER_BYTES = 7;

/** Contents up to this length are not compressed: zlib would hardly make them shorter (MySQL's and TiDB's number). */
const STORED_BYTES_MAX = 50;

/** zlib's own default, and TiDB's. */
const LEVEL = 6;

/** Prints one frame. @param contents - 2^24 − 1 bytes at most. */
export function printFrame(sequence: number, contents: Uint8Array): Uint8Array {
  const deflated = contents.length > STORED_BYTES_MAX ? deflateSync(contents, { level: LEVEL }) : contents;
  const isStored = deflated.length >= contents.length;
  const body = isStored ? contents : deflated;
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + body.length);
  frame.writeUIntLE(body.length, 0, 3);
  frame[3] = sequence;
  frame.writeUIntLE(isStored ? 0 : contents.length, 4, 3);
  frame.set(body, FRAME_HEADER_BYTES);
  return frame;
}
