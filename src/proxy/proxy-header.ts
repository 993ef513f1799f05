/**
 * The PROXY protocol: what a load balancer says of the client before the client's own bytes, so that whoever is behind
 * it knows where the client is. Version 1 is a line of text, version 2 is binary. Read from load balancers, and printed
 * for tidb-servers.
 *
 * @see https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt
 */
import { isIPv4, isIPv6 } from 'node:net';
import { asBuffer } from '../base/bytes.js';
import { plainAddress } from './client-origin.js';
import { ipv6Groups } from './ipv6-groups.js';
import { ProtocolError } from '../wire/protocol-error.js';

/** Where somebody is. */
export interface PeerAddress {
  /** IPv4 or IPv6, as text. */
  readonly address: string;
  readonly port: number;
}

/** A whole header. */
export interface ProxyHeader {
  /** Bytes that it takes. */
  readonly length: number;
  /** The client; undefined: whoever connected is the client itself, or is somewhere that has no such address. */
  readonly source: PeerAddress | undefined;
}

/** Longest line of version 1, with its end. */
const LINE_BYTES_MAX = 107;

/** Longest header taken: version 2 may carry more after the addresses, certificates for instance. */
export const PROXY_HEADER_BYTES_MAX = 4096;

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const FIXED_BYTES = 16;
const LINE_START = Buffer.from('PROXY ');

/** Version 2, and what it says: that whoever connects speaks for itself, or for the client whose address follows. */
const LOCAL = 0x20;
const PROXIED = 0x21;

/** Address family and transport in version 2. */
const TCP4 = 0x11;
const TCP6 = 0x21;
const TCP4_BYTES = 12;
const TCP6_BYTES = 36;

/**
 * Reads the header that a stream begins with.
 *
 * @param bytes - what has arrived so far.
 * @returns undefined while it is not whole.
 * @throws ProtocolError — when it is none, or too long.
 */
export function parseProxyHeader(bytes: Uint8Array): ProxyHeader | undefined {
  const buffer = asBuffer(bytes);
  if (begins(buffer, SIGNATURE)) return parseBinary(buffer);
  if (begins(buffer, LINE_START)) return parseLine(buffer);
  throw malformed('it begins otherwise');
}

/** Whether as much as there is of `buffer` begins as `start` does. */
function begins(buffer: Buffer, start: Buffer): boolean {
  const length = Math.min(buffer.length, start.length);
  return buffer.compare(start, 0, length, 0, length) === 0;
}

function parseLine(buffer: Buffer): ProxyHeader | undefined {
  const end = buffer.subarray(0, LINE_BYTES_MAX).indexOf('\r\n');
  if (end < 0) {
    if (buffer.length >= LINE_BYTES_MAX) throw malformed('its line does not end');
    return undefined;
  }
  const length = end + 2;
  const [, family, address = '', , port = '', ...more] = buffer.toString('latin1', 0, end).split(' ');
  if (family === 'UNKNOWN') return { length, source: undefined };
  const isAddress = family === 'TCP4' ? isIPv4(address) : family === 'TCP6' && isIPv6(address);
  if (!isAddress || !/^\d{1,5}$/.test(port) || Number(port) > 0xffff || more.length !== 1) {
    throw malformed('its line makes no sense');
  }
  return { length, source: { address, port: Number(port) } };
}

function parseBinary(buffer: Buffer): ProxyHeader | undefined {
  if (buffer.length < FIXED_BYTES) return undefined;
  const versionAndCommand = buffer.readUInt8(12);
  const family = buffer.readUInt8(13);
  const bytes = buffer.readUInt16BE(14);
  const length = FIXED_BYTES + bytes;
  if (versionAndCommand >>> 4 !== 2) throw malformed(`it has version ${versionAndCommand >>> 4}`);
  if (length > PROXY_HEADER_BYTES_MAX) throw malformed(`it has ${length} bytes`);
  if (buffer.length < length) return undefined;
  const command = versionAndCommand & 0xf;
  // The balancer itself, for instance to see whether we live.
  if (command === 0) return { length, source: undefined };
  if (command !== 1) throw malformed(`it has command ${command}`);
  return { length, source: addressIn(buffer, family, bytes) };
}

function addressIn(buffer: Buffer, family: number, bytes: number): PeerAddress | undefined {
  if (family === TCP4) {
    if (bytes < TCP4_BYTES) throw malformed('its addresses are cut off');
    const address = [...buffer.subarray(FIXED_BYTES, FIXED_BYTES + 4)].join('.');
    return { address, port: buffer.readUInt16BE(FIXED_BYTES + 8) };
  }
  if (family !== TCP6) return undefined;
  if (bytes < TCP6_BYTES) throw malformed('its addresses are cut off');
  return { address: ipv6At(buffer, FIXED_BYTES), port: buffer.readUInt16BE(FIXED_BYTES + 32) };
}

/** Eight groups, the longest run of zeros shortened, as the operating system would write it. */
function ipv6At(buffer: Buffer, at: number): string {
  const groups = Array.from({ length: 8 }, (_, i) => buffer.readUInt16BE(at + 2 * i).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

function malformed(why: string): ProtocolError {
  return new ProtocolError('client', `malformed PROXY header: ${why}`);
}

/** Versions that can be printed. */
export const PROXY_HEADER_VERSIONS = ['v1', 'v2'] as const;

/** One of {@link PROXY_HEADER_VERSIONS}. */
export type ProxyHeaderVersion = (typeof PROXY_HEADER_VERSIONS)[number];

/**
 * Prints a header.
 *
 * @param source - the client; undefined: whoever connects is no client, or one without such an address.
 * @param destination - where the client connected to; left open if undefined, or of another family than `source`.
 */
export function printProxyHeader(
  version: ProxyHeaderVersion,
  source?: PeerAddress,
  destination?: PeerAddress,
): Uint8Array {
  if (source === undefined) {
    return version === 'v1' ? Buffer.from('PROXY UNKNOWN\r\n') : Buffer.from([...SIGNATURE, LOCAL, 0, 0, 0]);
  }
  const from = normalized(source);
  const family = familyOf(from);
  const asked = destination === undefined ? undefined : normalized(destination);
  const to =
    asked !== undefined && familyOf(asked) === family
      ? asked
      : { address: family === 'TCP4' ? '0.0.0.0' : '::', port: 0 };
  if (version === 'v1') {
    return Buffer.from(`PROXY ${family} ${from.address} ${to.address} ${from.port} ${to.port}\r\n`);
  }
  const addresses = [from, to].flatMap(({ address }) => bytesOf(address));
  const ports = [from, to].flatMap(({ port }) => twoBytes(port));
  const body = [...addresses, ...ports];
  return Buffer.from([
    ...SIGNATURE,
    PROXIED,
    family === 'TCP4' ? TCP4 : TCP6,
    ...twoBytes(body.length),
    ...body,
  ]);
}

/** IPv4 as such, and IPv6 without its zone, which means nothing elsewhere. */
function normalized({ address, port }: PeerAddress): PeerAddress {
  const [withoutZone = ''] = plainAddress(address).split('%');
  return { address: withoutZone, port };
}

function familyOf({ address }: PeerAddress): 'TCP4' | 'TCP6' {
  return isIPv4(address) ? 'TCP4' : 'TCP6';
}

function bytesOf(address: string): number[] {
  return isIPv4(address) ? address.split('.').map(Number) : ipv6Groups(address).flatMap(twoBytes);
}

function twoBytes(value: number): number[] {
  return [value >>> 8, value & 0xff];
}
