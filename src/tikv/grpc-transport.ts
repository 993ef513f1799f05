/**
 * The real {@link Transport}: gRPC over HTTP/2 by @grpc/grpc-js, with raw bytes as messages.
 *
 * One instance has one connection to each address. Make one instance for each purpose: HTTP/2's flow control is
 * shared by all streams of a connection, so a feed that is not drained would hold up lock requests (TIKV-FACTS §0).
 * Instances share nothing (grpc-js' global pool of connections is switched off).
 */
import { type ChannelCredentials, Client, type ClientOptions, Metadata, credentials } from '@grpc/grpc-js';
import { asBuffer } from '../base/bytes.js';
import { limits } from '../base/limits.js';
import type { DuplexStream, Metadata as Headers, Transport } from '../base/transport.js';
import { type CallFailure, GrpcDuplex } from './grpc-duplex.js';
import { RpcCode, RpcError } from './rpc-error.js';

/** PEM texts; TiKV and PD want a client certificate when they speak TLS (its CN may have to be allow-listed). */
export interface TlsOptions {
  readonly ca: Uint8Array;
  readonly cert?: Uint8Array;
  readonly key?: Uint8Array;
}

/** How to reach a cluster. */
export interface GrpcTransportOptions {
  /** Left out: plain text. */
  readonly tls?: TlsOptions;
}

const CHANNEL_OPTIONS: ClientOptions = {
  // grpc-js stops at 4 MiB by default; a row alone may be larger.
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  // Without pings a dead server is found when TCP gives up, after minutes. None while idle: etcd, inside PD, hangs up
  // on those who ping it then.
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 3_000,
  'grpc.keepalive_permit_without_calls': 0,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 3_000,
  'grpc.use_local_subchannel_pool': 1,
  // Whether a request may be sent twice is for the layers above to say.
  'grpc.enable_retries': 0,
};

/** A transport over gRPC; nothing is connected before the first call. */
export class GrpcTransport implements Transport {
  readonly #credentials: ChannelCredentials;
  readonly #clients = new Map<string, Client>();
  #isClosed = false;

  constructor(options: GrpcTransportOptions = {}) {
    this.#credentials = channelCredentials(options.tls);
  }

  unary(address: string, method: string, body: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const onAbort = (): void => {
        call.cancel();
        reject(signal.reason as Error);
      };
      const call = this.#client(address, method).makeUnaryRequest(
        method,
        asBuffer,
        identity,
        body,
        new Metadata(),
        { deadline: attemptDeadline() },
        (error, reply) => {
          signal.removeEventListener('abort', onAbort);
          if (error === null && reply !== undefined) resolve(reply);
          else reject(wrap(error, address, method));
        },
      );
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  duplex(address: string, method: string, metadata: Headers, signal: AbortSignal): DuplexStream {
    const headers = new Metadata();
    for (const [name, value] of Object.entries(metadata)) headers.set(name, value);
    const call = this.#client(address, method).makeBidiStreamRequest(method, asBuffer, identity, headers);
    return new GrpcDuplex(call, (error) => wrap(error, address, method), signal);
  }

  forget(address: string): void {
    this.#clients.get(address)?.close();
    this.#clients.delete(address);
  }

  close(): void {
    this.#isClosed = true;
    for (const address of [...this.#clients.keys()]) this.forget(address);
  }

  #client(address: string, method: string): Client {
    if (this.#isClosed) throw new RpcError(RpcCode.cancelled, 'the transport is closed', { address, method });
    let client = this.#clients.get(address);
    if (client === undefined) {
      client = new Client(address, this.#credentials, CHANNEL_OPTIONS);
      this.#clients.set(address, client);
    }
    return client;
  }
}

function channelCredentials(tls: TlsOptions | undefined): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  const [ca, key, cert] = [tls.ca, tls.key, tls.cert].map((pem) =>
    pem === undefined ? null : asBuffer(pem),
  );
  return credentials.createSsl(ca, key, cert);
}

/** gRPC wants a moment of the wall clock, and makes a duration of it at once: nothing else depends on the clock. */
function attemptDeadline(): Date {
  const deadline = new Date();
  deadline.setMilliseconds(deadline.getMilliseconds() + limits.rpcAttemptMs);
  return deadline;
}

function identity(bytes: Buffer): Uint8Array {
  return bytes;
}

function wrap(failure: CallFailure | null, address: string, method: string): RpcError {
  const { code, details } = failure ?? { code: RpcCode.unknown, details: 'no reply' };
  return new RpcError(code, details, { address, method }, failure ?? undefined);
}
