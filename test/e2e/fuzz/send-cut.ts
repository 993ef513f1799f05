/** Sending bytes in other pieces than a client or server would. */
import type { Socket } from 'node:net';
import type { Cut } from './scenario.js';

/** Bytes that are sent one by one, at most; each is a packet of the network's. */
const SINGLE_BYTES_MAX = 200;
/** Odd, so that pieces end everywhere in a stream of packets. */
const PIECE_BYTES = 13;
const PIECES_MAX = 100;

/** Writes them; on loopback without Nagle's algorithm every write is likely to be read by itself. */
export function sendCut(socket: Socket, bytes: Uint8Array, cut: Cut): void {
  const [size, count] =
    cut === 'bytes'
      ? [1, SINGLE_BYTES_MAX]
      : cut === 'pieces'
        ? [PIECE_BYTES, PIECES_MAX]
        : [bytes.length, 0];
  let at = 0;
  for (let i = 0; i < count && at < bytes.length; i++, at += size)
    socket.write(bytes.subarray(at, at + size));
  if (at < bytes.length) socket.write(bytes.subarray(at));
}
