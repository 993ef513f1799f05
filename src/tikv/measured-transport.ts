/** A {@link Transport} that counts calls, and failures by gRPC code. */
import type { Metrics } from '../base/telemetry.js';
import type { DuplexStream, Metadata, Transport } from '../base/transport.js';
import { RpcError } from './rpc-error.js';

/** Wraps `inner`. Labels are the methods' short names (`KvGet`) and the codes, which are few. */
export function measuredTransport(inner: Transport, metrics: Metrics): Transport {
  return {
    async unary(address: string, method: string, body: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
      metrics.count('tiview_rpc_total', 1, { method: shortName(method) });
      try {
        return await inner.unary(address, method, body, signal);
      } catch (error) {
        const cause = error instanceof RpcError ? `grpc${error.code}` : 'aborted';
        metrics.count('tiview_rpc_errors_total', 1, { cause });
        throw error;
      }
    },
    duplex(address: string, method: string, metadata: Metadata, signal: AbortSignal): DuplexStream {
      metrics.count('tiview_rpc_total', 1, { method: shortName(method) });
      return inner.duplex(address, method, metadata, signal);
    },
    forget: (address) => inner.forget(address),
    close: () => inner.close(),
  };
}

function shortName(method: string): string {
  return method.slice(method.lastIndexOf('/') + 1);
}
