/** A transport whose answers a test writes down, by address and method. */
import type { DuplexStream, Transport } from '../../../../src/base/transport.js';
import { messageCodec } from '../../../../src/tikv/proto.js';
import { RpcCode, RpcError } from '../../../../src/tikv/rpc-error.js';

type Handler = (address: string, request: Record<string, unknown>) => Record<string, unknown>;

/** Throws as gRPC would. */
export function refuse(code: number, details: string): never {
  throw new RpcError(code, details, { address: 'scripted', method: '/pdpb.PD/Any' });
}

export class ScriptedPd implements Transport {
  readonly calls: {
    readonly address: string;
    readonly name: string;
    readonly request: Record<string, unknown>;
  }[] = [];
  readonly #handlers = new Map<string, Handler>();

  /** Answers a method; without a handler it is UNIMPLEMENTED. */
  on(name: string, handler: Handler): this {
    this.#handlers.set(name, handler);
    return this;
  }

  /** Members of which `leader` leads, asked at any address. */
  withMembers(leader: string, ...others: readonly string[]): this {
    const member = (address: string) => ({ name: address, clientUrls: [`http://${address}`] });
    return this.on('GetMembers', () => ({
      header: { clusterId: 7n },
      leader: member(leader),
      members: [leader, ...others].map(member),
    }));
  }

  async unary(address: string, method: string, body: Uint8Array): Promise<Uint8Array> {
    await Promise.resolve();
    const name = method.slice(method.lastIndexOf('/') + 1);
    const message = name === 'GetRegionByID' ? 'GetRegion' : name;
    const request = messageCodec<Record<string, unknown>>(`pdpb.${name}Request`).decode(body);
    this.calls.push({ address, name, request });
    const handler = this.#handlers.get(name);
    if (handler === undefined) return refuse(RpcCode.unimplemented, 'unknown method');
    return messageCodec<Record<string, unknown>>(`pdpb.${message}Response`).encode(
      handler(address, request) as never,
    );
  }

  duplex(): DuplexStream {
    return refuse(RpcCode.unimplemented, 'no streams');
  }

  forget(): void {
    // There are no connections.
  }

  close(): void {
    // There are no connections.
  }
}
