/**
 * Where a client comes from, as limits count it: an IPv4 address; of IPv6 the first 64 bits, since whoever has one
 * address of such a network has all of them.
 */
import { isIPv6 } from 'node:net';
import { ipv6Groups } from './ipv6-groups.js';

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
const NETWORK_GROUPS = 4;

/** @param address - as Node prints it; undefined: the client has gone already, and counts among its like. */
export function clientOrigin(address: string | undefined): string {
  if (address === undefined) return 'unknown';
  const plain = plainAddress(address);
  return isIPv6(plain) ? `${networkOf(plain)}::/64` : plain;
}

/** An address without the prefix that IPv4 has on a socket of both families. */
export function plainAddress(address: string): string {
  return MAPPED.exec(address)?.[1] ?? address;
}

function networkOf(address: string): string {
  return ipv6Groups(address)
    .slice(0, NETWORK_GROUPS)
    .map((group) => group.toString(16))
    .join(':');
}
