/** What a host's name or address says. */

/** RFC 1122, 3.2.1.3; also as an IPv4 address within IPv6. */
const LOOPBACK_V4 = /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/;
const V4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;

/** Whether what is sent to a host, or listens there, stays on this machine. @param host - a name or an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || LOOPBACK_V4.test(host);
}

/** Whether a host is given by its address, not by a name: no name has a colon, or four numbers only. */
export function isAddress(host: string): boolean {
  return host.includes(':') || V4.test(host);
}
