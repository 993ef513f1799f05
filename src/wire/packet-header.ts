/**
 * A packet: three bytes of payload length, one of sequence id, the payload. A message of 2^24 − 1 bytes or more
 * goes on in the next packet, until one is shorter than that (which may be empty).
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_packets.html
 */

/** Bytes before each payload. */
export const HEADER_BYTES = 4;

/** A payload of this length is continued by the next packet. */
export const FULL_PAYLOAD = 0xff_ff_ff;

/** Sequence ids count modulo 256. */
export function nextSequence(sequence: number): number {
  return (sequence + 1) & 0xff;
}
