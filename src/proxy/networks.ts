/** Sets of IP addresses, as administrators write them. */
import { BlockList, isIP } from 'node:net';

/** One network: the addresses that begin with the same `prefix` bits. */
export interface Network {
  readonly address: string;
  readonly family: 'ipv4' | 'ipv6';
  readonly prefix: number;
}

/** @param text - `10.0.0.0/8`, `fd00::/8`, `127.0.0.1`; `*`: every address. @returns undefined: it is none. */
export function parseNetworks(text: string): readonly Network[] | undefined {
  if (text === '*') {
    return [
      { address: '0.0.0.0', family: 'ipv4', prefix: 0 },
      { address: '::', family: 'ipv6', prefix: 0 },
    ];
  }
  const [, address = '', digits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address);
  if (version === 0) return undefined;
  const bits = version === 4 ? 32 : 128;
  const prefix = Number(digits ?? bits);
  return prefix > bits ? undefined : [{ address, family: version === 4 ? 'ipv4' : 'ipv6', prefix }];
}

/** Tells whether addresses are in any of some networks. */
export class NetworkSet {
  readonly #list = new BlockList();
  readonly #isEmpty: boolean;

  constructor(networks: readonly Network[]) {
    this.#isEmpty = networks.length === 0;
    for (const { address, family, prefix } of networks) this.#list.addSubnet(address, prefix, family);
  }

  /** @param address - as a socket has it; an IPv4 address may be written as an IPv6 one. */
  has(address: string): boolean {
    // Asked of each client that connects, and to ask the list costs a fiftieth of a login.
    if (this.#isEmpty) return false;
    const version = isIP(address);
    return version !== 0 && this.#list.check(address, version === 4 ? 'ipv4' : 'ipv6');
  }
}
