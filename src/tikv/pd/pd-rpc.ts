/**
 * Calls to PD's leader: finds the new one when the old one refuses or is gone, and turns `header.error`, which is how
 * PD says no, into an exception.
 */
import { Backoff } from '../../base/backoff.js';
import { TiviewError } from '../../base/errors.js';
import { limits } from '../../base/limits.js';
import type { Runtime } from '../../base/runtime.js';
import type { Transport } from '../../base/transport.js';
import { backoffKinds } from '../backoff-kinds.js';
import { type MessageCodec, messageCodec } from '../proto.js';
import type { MessageInput } from '../proto-types.js';
import type { PdMembers } from './pd-members.js';
import { PdErrorType, type PdReply, type WithHeader } from './pd-types.js';

/** A method of PD. */
export interface PdMethod<Q extends WithHeader, R extends PdReply> {
  readonly name: string;
  readonly request: MessageCodec<Q>;
  readonly response: MessageCodec<R>;
}

/** Describes a method by the names in pdpb.proto. */
export function pdMethod<Q extends WithHeader, R extends PdReply>(
  name: string,
  request = `${name}Request`,
  response = `${name}Response`,
): PdMethod<Q, R> {
  return { name, request: messageCodec<Q>(`pdpb.${request}`), response: messageCodec<R>(`pdpb.${response}`) };
}

/** PD answered, and the answer is no. */
export class PdReplyError extends TiviewError {
  override readonly name = 'PdReplyError';
  /** One of PdErrorType. */
  readonly type: number;

  constructor(method: string, type: number, message: string) {
    // A new leader says for a moment that there is no cluster.
    const isRetryable = type === PdErrorType.notBootstrapped;
    super(`PD refused ${method}: ${message}`, { kind: 'pdReply', side: 'pd', isRetryable });
    this.type = type;
  }
}

/** What a call to PD needs. */
export interface PdRpcParts {
  readonly transport: Transport;
  readonly members: PdMembers;
  readonly runtime: Runtime;
}

/** Calls PD. */
export class PdRpc {
  readonly #parts: PdRpcParts;

  constructor(parts: PdRpcParts) {
    this.#parts = parts;
  }

  /**
   * One call, repeated while PD has no reachable leader.
   *
   * @throws PdReplyError — PD says no; RpcError — the call is hopeless (UNIMPLEMENTED, wrong cluster);
   *   BudgetError — no leader answered in `limits.rpcBudgetMs`.
   */
  async call<Q extends WithHeader, R extends PdReply>(
    method: PdMethod<Q, R>,
    request: MessageInput<Omit<Q, 'header'>>,
    signal: AbortSignal,
  ): Promise<R> {
    const { transport, members, runtime } = this.#parts;
    const path = `/pdpb.PD/${method.name}`;
    const header = { clusterId: members.clusterId, callerId: 'tiview' };
    const body = method.request.encode({ ...request, header });
    const backoff = new Backoff(runtime, `PD ${method.name}`, 'pd', limits.rpcBudgetMs);
    for (;;) {
      try {
        const reply = method.response.decode(await transport.unary(members.leader, path, body, signal));
        const error = reply.header?.error ?? null;
        if (error !== null && error.type !== 0)
          throw new PdReplyError(method.name, error.type, error.message);
        return reply;
      } catch (error) {
        if (!isWorthRetrying(error)) throw error;
        await backoff.pause(backoffKinds.pd, error, signal);
        await refreshQuietly(members, signal);
      }
    }
  }
}

/** Whether a failed call or look-up may succeed when it is made again. */
export function isWorthRetrying(error: unknown): boolean {
  return error instanceof TiviewError && error.isRetryable && error.kind !== 'budget';
}

/** Looks for the leader; not finding it now is no news to somebody who is in a retry loop anyway. */
export async function refreshQuietly(members: PdMembers, signal: AbortSignal): Promise<void> {
  try {
    await members.refresh(signal);
  } catch (error) {
    if (!isWorthRetrying(error)) throw error;
  }
}
