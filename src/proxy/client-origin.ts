/**
 * Where a client comes from, as limits count it: an IPv4 address; of IPv6 the first 64 bits, since whoever has one
 * address of such a network has all of them.
 */
import { isIPv6 } from 'node:net';

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
  const [withoutZone = ''] = address.split('%');
  const [before = '', after] = withoutZone.split('::');
  const groups = before === '' ? [] : before.split(':');
  if (after !== undefined) {
    const rest = after === '' ? 0 : after.split(':').length;
    while (groups.length + rest < 8) groups.push('0');
    if (after !== '') groups.push(...after.split(':'));
  }
  return groups
    .slice(0, NETWORK_GROUPS)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
