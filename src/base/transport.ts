/**
 * The network seam under the TiKV client: whole messages as bytes, above gRPC. The real one is
 * tikv/grpc-transport.ts; a simulation puts its own in its place. A `Transport` knows addresses and method names,
 * nothing of protobuf.
 */

/** gRPC metadata (ASCII keys and values). */
export type Metadata = Readonly<Record<string, string>>;

/** Calls servers by address. */
export interface Transport {
  /**
   * One request, one reply.
   *
   * @param address - `host:port`.
   * @param method - full name, `/tikvpb.Tikv/KvGet`.
   * @throws RpcError — when there is no reply; whether the request was executed is then unknown.
   */
  unary(address: string, method: string, body: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  /**
   * Opens a bidirectional stream. It ends when the signal is aborted.
   */
  duplex(address: string, method: string, metadata: Metadata, signal: AbortSignal): DuplexStream;
  /** Drops the connections to an address that no longer serves what we thought it does. */
  forget(address: string): void;
  /** Ends every connection. */
  close(): void;
}

/** A bidirectional stream of messages. */
export interface DuplexStream extends AsyncIterable<Uint8Array> {
  /** Sends one message; resolves when there is room for the next (back-pressure). */
  write(message: Uint8Array): Promise<void>;
  /** Half-closes: nothing more will be written. */
  end(): void;
}
