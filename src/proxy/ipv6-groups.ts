/** The eight numbers of 16 bits that an IPv6 address is. */
const GROUPS = 8;
const IPV4_TAIL = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/;

/** @param address - well-formed, as the operating system prints it; a zone (`%eth0`) is left out. */
export function ipv6Groups(address: string): readonly number[] {
  const [withoutZone = ''] = address.split('%');
  const [before = '', after] = withHexadecimalTail(withoutZone).split('::');
  const head = groupsIn(before);
  if (after === undefined) return head;
  const tail = groupsIn(after);
  const zeros = Array.from({ length: GROUPS - head.length - tail.length }, () => 0);
  return [...head, ...zeros, ...tail];
}

function groupsIn(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}

/** The last two groups may be written as an IPv4 address. */
function withHexadecimalTail(address: string): string {
  const match = IPV4_TAIL.exec(address);
  if (match === null) return address;
  const [, start = '', ...bytes] = match;
  const [a = 0, b = 0, c = 0, d = 0] = bytes.map(Number);
  return `${start}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}
