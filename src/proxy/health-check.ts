/**
 * Asks one tidb-server whether it is healthy: it must greet within `limits.backendCheckMs`, and its status port, if it
 * answers at all, must say 200. (A server that is told to stop says 500 there for as long as
 * `graceful-wait-before-shutdown` lasts, and still greets.) A status port that cannot be reached says nothing: it may be
 * switched off, or behind a firewall.
 *
 * The greeting is read to its end before the connection is closed: a reset, or half a login, would be a warning in the
 * server's log; an end in the place of the client's response is none.
 */
import type { Socket } from 'node:net';
import { limits } from '../base/limits.js';
import { type Runtime, StoppedError } from '../base/runtime.js';
import { withinTime } from '../base/time-limit.js';
import { Capability, hasCapability } from '../wire/capability.js';
import { ERR_HEADER, parseErr } from '../wire/err-packet.js';
import { parseGreetingHead } from '../wire/greeting.js';
import { PacketSplitter } from '../wire/packet-splitter.js';
import { ProtocolError } from '../wire/protocol-error.js';
import type { Backend } from './backends.js';
import { type Preamble, connectWith } from './preamble.js';
import { askStatusPort } from './status-port.js';
import type { StatusTls } from './tls-options.js';

/** How servers are checked. */
export interface HealthCheckOptions {
  readonly runtime: Runtime;
  /** Whether a server must offer TLS. */
  readonly isTlsDemanded: boolean;
  /** TLS of the status ports; undefined: they speak plain HTTP. */
  readonly statusTls: StatusTls | undefined;
  /** What their connections begin with. */
  readonly preamble: Preamble;
}

/** How the word of a status port that does not say 200 begins. */
const STATUS_PORT_SAYS = 'its status port says ';

/** Whether a server is unhealthy by its own word: it is going to stop. @param reason - from {@link checkHealth}. */
export function saysStopping(reason: string): boolean {
  return reason.startsWith(STATUS_PORT_SAYS);
}

/**
 * Checks a server once.
 *
 * @returns why it is unhealthy; undefined: it is healthy.
 * @throws the signal's reason.
 */
export async function checkHealth(
  backend: Backend,
  { runtime, isTlsDemanded, statusTls, preamble }: HealthCheckOptions,
  signal: AbortSignal,
): Promise<string | undefined> {
  const late = (): Error => new StoppedError('the check took too long');
  const [greeting, status] = await withinTime(
    { runtime, ms: limits.backendCheckMs, late },
    (bound) =>
      Promise.all([
        greetingFault(() => connectWith(preamble, backend), isTlsDemanded, bound),
        statusFault(backend, statusTls, bound),
      ]),
    signal,
  );
  signal.throwIfAborted();
  return greeting ?? status;
}

/** What is wrong with how a server greets. */
function greetingFault(
  open: () => Socket,
  isTlsDemanded: boolean,
  signal: AbortSignal,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = open();
    const splitter = new PacketSplitter('tidb', limits.handshakeBytes);
    const settle = (fault: string | undefined): void => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(fault);
    };
    const onAbort = (): void => settle(`no greeting within ${limits.backendCheckMs} ms`);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', (error) => settle(error.message));
    socket.on('end', () => settle('it closed the connection before its greeting'));
    socket.on('data', (chunk) => {
      try {
        splitter.feed(chunk);
        const payload = splitter.next()?.payload;
        if (payload !== undefined) settle(faultOf(payload, isTlsDemanded));
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        settle(error.message);
      }
    });
  });
}

/** @param payload - the first that a server sends. @throws ProtocolError — it is no greeting. */
function faultOf(payload: Uint8Array, isTlsDemanded: boolean): string | undefined {
  if (payload[0] === ERR_HEADER) {
    const { errno, message } = parseErr(payload);
    return `it refuses connections: ${message} (${errno})`;
  }
  const { capabilities } = parseGreetingHead(payload);
  return isTlsDemanded && !hasCapability(capabilities, Capability.ssl) ? 'it does not offer TLS' : undefined;
}

/** What is wrong by the word of a server's status port. */
async function statusFault(
  { status }: Backend,
  tls: StatusTls | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (status === undefined) return undefined;
  const answer = await askStatusPort({ endpoint: status, path: '/status', tls, bytesMax: 0 }, signal);
  return answer === undefined || answer.code === 200 ? undefined : STATUS_PORT_SAYS + String(answer.code);
}
