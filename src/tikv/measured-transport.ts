/** A {@link Transport} that counts: calls, their time, and failures by gRPC code. */
import type { Runtime } from '../base/runtime.js';
import type { Metrics } from '../base/telemetry.js';
import type { DuplexStream, Metadata, Transport } from '../base/transport.js';
import { RpcError } from './rpc-error.js';

/** Wraps `inner`; metrics are labelled with the method's short name (`KvGet`), which are few. */
export function measuredTransport(inner: Transport, runtime: Runtime, metrics: Metrics): Transport {
  const failed = (method: string, error: unknown): void => {
    const code = error instanceof RpcError ? String(error.code) : 'aborted';
    metrics.count('tiview_rpc_failures_total', 1, { method: shortName(method), code });
  };
  return {
    async unary(address: string, method: string, body: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
      const startedMs = runtime.monotonicMs();
      try {
        return await inner.unary(address, method, body, signal);
      } catch (error) {
        failed(method, error);
        throw error;
      } finally {
        const seconds = (runtime.monotonicMs() - startedMs) / 1000;
        metrics.observe('tiview_rpc_seconds', seconds, { method: shortName(method) });
      }
    },
    duplex(address: string, method: string, metadata: Metadata, signal: AbortSignal): DuplexStream {
      metrics.count('tiview_rpc_streams_total', 1, { method: shortName(method) });
      return inner.duplex(address, method, metadata, signal);
    },
    forget: (address) => inner.forget(address),
    close: () => inner.close(),
  };
}

function shortName(method: string): string {
  return method.slice(method.lastIndexOf('/') + 1);
}
