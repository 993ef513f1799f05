/**
 * One client from its connection to its end: finds a tidb-server, has the login relayed (HandshakeRelay), then the
 * commands (CommandRelay), and carries bytes, pauses and ends between the two sockets.
 *
 * Back-pressure: whoever writes faster than the other side reads is paused, so that a session holds at most about
 * `relayHighWaterBytes` each way. Ends: what one side has sent before it ended still reaches the other. No timers: see
 * Deadlines.
 *
 * Over 400 lines, because what is known of the two sockets is changed here and nowhere else.
 */
import type { Socket } from 'node:net';
import { NO_BYTES } from '../base/bytes.js';
import type { SqlError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import type { Rostered } from '../base/roster.js';
import { loggedCause } from '../base/sensitive.js';
import { type BackendEvents, BackendSocket, ROUNDS_TO_LAST } from './backend-socket.js';
import type { Backend } from './backends.js';
import type { ClientPeer } from './client-peer.js';
import { ClientSocket } from './client-socket.js';
import { CommandRelay } from './command-relay.js';
import type { Deadline, Expiring } from './deadlines.js';
import { framedErr, framedErrForGreeting } from './error-map.js';
import { HandshakeRelay, type Login } from './handshake-relay.js';
import type { MovableSession } from './move/session-move.js';
import { SessionOrigin } from './move/session-origin.js';
import type { SocketTarget } from './move/socket-target.js';
import type { TargetSession } from './move/target-login.js';
import { badHandshake, handshakeTimedOut, noServerReachable, passwordInClear } from './proxy-errors.js';
import { type SessionJournal, openJournal } from './journal/session-journal.js';
import type { SessionState } from './server-metrics.js';
import { SessionMeter } from './session-meter.js';
import type { SessionHost } from './session-host.js';
import { CLIENT_GONE, SERVER_GONE, SHUTDOWN, SILENT, SessionEnd } from './session-end.js';
import { SessionUser } from './session-user.js';
import { Silence } from './silence.js';

/** One client's session. */
export class ClientSession implements Expiring, Rostered {
  rosterPlace = -1;
  readonly #host: SessionHost<ClientSession>;
  readonly #client: ClientSocket;
  readonly #deadline: Deadline;
  readonly #meter: SessionMeter;
  readonly #tried = new Set<Backend>();
  #backend: BackendSocket | undefined;
  #phase: 'connecting' | 'login' | 'commands' | 'ending' = 'connecting';
  #handshake: HandshakeRelay | undefined;
  #relay: CommandRelay | undefined;
  #origin: SessionOrigin | undefined;
  #connectionId: number | undefined;
  #greetedId: number | undefined;
  #user: SessionUser | undefined;
  #silence: Silence | undefined;
  readonly #journal: SessionJournal | undefined;
  #rounds = 0;
  #isBackendFull = false;
  #isInputHeld = false;
  #isClientClosed = false;
  #isBackendClosed = true;
  #hasClientEnded = false;
  /** The server has gone while the session stood still and could do without it. */
  #lost: { readonly by: Error | undefined } | undefined;
  /** The client's end. */
  readonly peer: ClientPeer;

  /** @param socket - just accepted, with `allowHalfOpen`. */
  constructor(host: SessionHost<ClientSession>, socket: Socket, peer: ClientPeer) {
    this.#host = host;
    this.#deadline = host.deadlines.of(this);
    this.#meter = new SessionMeter(host.runtime, host.counts);
    this.peer = peer;
    this.#journal = openJournal(host, peer.address, {
      connectionId: () => this.#connectionId,
      user: () => this.#user?.name ?? this.#handshake?.user,
      server: () => this.#backend?.backend.address,
    });
    this.#client = new ClientSocket(socket, host.buffers, {
      received: (chunk) => this.#fromClient(chunk),
      drained: () => this.#backend?.resume(),
      distrusted: (why) => this.#handshake?.fail(badHandshake(`the client's certificate: ${why}`)),
      ended: () => this.#clientEnded(),
      closed: (error) => this.#clientClosed(error),
    });
    this.#connect();
  }

  /** As TiDB knows it; undefined before the login is done. It changes when the session moves. */
  get connectionId(): number | undefined {
    return this.#connectionId;
  }

  /** As the client knows it, from its greeting; undefined before the login is done. */
  get greetedId(): number | undefined {
    return this.#greetedId;
  }

  /** The server that it is on, or tries to get on. */
  get backend(): Backend | undefined {
    return this.#backend?.backend;
  }

  /** What it does; undefined: it is ending. */
  get state(): SessionState | undefined {
    if (this.#phase === 'ending') return undefined;
    return this.#relay?.state ?? 'login';
  }

  /** The session for whoever moves it to another server; undefined: it cannot be moved now. */
  get movable(): MovableSession<SocketTarget> | undefined {
    const relay = this.#relay;
    const origin = this.#origin;
    if (this.#phase !== 'commands' || relay === undefined || origin === undefined) return undefined;
    return {
      origin,
      relay,
      adopt: (target, session) => this.#adopt(target, session),
      goesOn: () => this.#goOn(),
    };
  }

  /** Who is logged in, if a statement of the session is answered here now, of which TiDB knows nothing. */
  get answeredUser(): string | undefined {
    return this.#relay?.isInterruptible === true ? this.#user?.name : undefined;
  }

  /** @see CommandRelay.interrupt */
  interrupt(): boolean {
    return this.#relay?.interrupt() ?? false;
  }

  /** To be called now and then: has both sides probed from now on, when they are silent, if the session has lasted. */
  round(): void {
    if (this.#phase === 'ending' || this.#rounds === ROUNDS_TO_LAST || ++this.#rounds < ROUNDS_TO_LAST)
      return;
    this.#client.keepAlive();
    this.#backend?.keepAlive();
  }

  /** Ends the session if that cuts nothing short. @returns whether it has ended, or is ending. */
  endIfQuiet(): boolean {
    if (this.#phase === 'ending') return true;
    if (this.#relay?.isQuiet === false) return false;
    this.#end(NO_BYTES, SHUTDOWN);
    return true;
  }

  /** Ends the session, as TiDB does and like it without a word, if its client has been silent for too long. */
  endIfSilent(nowMs: number): void {
    const relay = this.#relay;
    if (this.#phase !== 'commands' || relay === undefined) return;
    this.#silence ??= new Silence(this.#host.limits, nowMs);
    if (this.#silence.isTooLong(relay, this.#client.receivedBytes, nowMs)) this.#end(NO_BYTES, SILENT);
  }

  /** Ends the session at once. */
  destroy(): void {
    this.#phase = 'ending';
    this.#journal?.ended(SHUTDOWN.message);
    this.#relay?.end(SHUTDOWN);
    this.#client.destroy();
    this.#backend?.destroy();
  }

  expire(): void {
    switch (this.#phase) {
      case 'connecting':
        this.#backend?.destroy();
        return;
      case 'login': {
        const error = handshakeTimedOut();
        this.#end(framedErr(2, error), error);
        return;
      }
      default:
        this.destroy();
    }
  }

  /** Begins to connect to the best server not tried yet; ends the session if there is none. */
  #connect(): void {
    const backend = this.#host.backends.next(this.#tried);
    if (backend === undefined) {
      this.#giveUp();
      return;
    }
    if (this.#tried.size > 0) this.#host.counts.loginRetries++;
    this.#tried.add(backend);
    this.#phase = 'connecting';
    this.#deadline.set(limits.backendConnectMs);
    this.#turnTo(new BackendSocket(backend, this.#host, this.peer.preamble, this.#backendEvents()));
  }

  /** The session is on another server from now on, or tries to get on it. */
  #turnTo(socket: BackendSocket): void {
    this.#backend?.tell(undefined);
    this.#backend = socket;
    this.#isBackendClosed = false;
    if (this.#isBackendFull) this.#backendDrained();
    this.#meter.turnTo(socket.backend.counts);
  }

  #backendEvents(): BackendEvents {
    return {
      connected: () => this.#handshake?.backendSecured(),
      received: (bytes, length) => this.#fromBackend(bytes, length),
      drained: () => this.#backendDrained(),
      ended: (error) => this.#backendEnded(error),
      closed: (error) => this.#backendClosed(error),
    };
  }

  /** Goes on with another server, to which the session has moved. */
  #adopt(target: SocketTarget, { connectionId, status }: TargetSession): void {
    const left = this.#backend;
    target.handOver(this.#backendEvents());
    this.#turnTo(target.socket);
    this.#lost = undefined;
    this.#connectionId = connectionId;
    this.#relay?.takenOver(connectionId, status);
    left?.destroy();
  }

  /** The session has stood still, and does no longer. */
  #goOn(): void {
    if (this.#phase !== 'commands') return;
    if (this.#lost !== undefined) this.#backendEnded(this.#lost.by);
    else if (this.#hasClientEnded) this.#backend?.end();
  }

  /** No server has taken the client. */
  #giveUp(): void {
    if (this.#handshake !== undefined) {
      this.#phase = 'login';
      this.#handshake.fail(noServerReachable());
      return;
    }
    const error = noServerReachable();
    this.#end(framedErrForGreeting(error), error);
  }

  #blame(why: string): void {
    if (this.#backend !== undefined) this.#host.backends.failed(this.#backend.backend, why);
    this.#meter.notTaken();
  }

  /** Leaves the server in the middle of a login. @returns whether another is being tried. */
  #changeBackend(): boolean {
    if (this.#hasClientEnded || this.#host.backends.next(this.#tried) === undefined) return false;
    const left = this.#backend;
    this.#connect();
    left?.destroy();
    return true;
  }

  #fromBackend(bytes: Uint8Array, length: number): void {
    this.#meter.fromServer(length);
    if (this.#phase === 'commands') this.#relay?.fromBackend(bytes, length);
    else if (this.#phase !== 'ending') this.#login(bytes, length);
  }

  #fromClient(chunk: Uint8Array): void {
    this.#meter.fromClient(chunk.length);
    if (this.#phase === 'commands') this.#relay?.fromClient(chunk);
    else if (this.#phase !== 'ending') this.#handshake?.receiveFromClient(chunk);
  }

  #login(bytes: Uint8Array, length: number): void {
    if (this.#phase === 'connecting') this.#beginLogin();
    this.#handshake?.receiveFromBackend(bytes.subarray(0, length));
  }

  /** The server has begun to greet. */
  #beginLogin(): void {
    const { clientTls } = this.#host;
    this.#phase = 'login';
    this.#deadline.set(this.#host.limits.handshakeMs);
    if (this.#handshake !== undefined) return;
    this.#handshake = new HandshakeRelay(
      {
        toClient: (bytes) => this.#client.write(bytes, bytes.length, true),
        toBackend: (bytes) => this.#backend?.write(bytes),
        upgradeClient: (rest) => {
          if (clientTls !== undefined) this.#client.upgrade(clientTls, rest);
        },
        upgradeBackend: () => this.#backend?.upgrade(),
        blameBackend: (why) => {
          if (!this.#hasClientEnded) this.#blame(why);
        },
        changeBackend: () => this.#changeBackend(),
        passwordRefusal: () => this.#passwordRefusal(),
        admit: (user) => this.#host.admission.enterUser(user),
        done: (login) => this.#beginCommands(login),
        end: (last, reason) => this.#end(last, reason),
      },
      this.#host.handshake,
    );
    this.#client.begin();
  }

  #beginCommands(login: Login): void {
    const { runtime, gates, admission } = this.#host;
    const { connectionId, user, database, capabilities, status } = login;
    const origin = (this.#origin = new SessionOrigin(login));
    this.#phase = 'commands';
    this.#handshake = undefined;
    this.#connectionId = connectionId;
    this.#greetedId = login.greetedId;
    const sessionUser = new SessionUser({
      name: user,
      capabilities,
      admission,
      passwordRefusal: () => this.#passwordRefusal(),
      changed: (newUser, errno) => this.#journal?.changedUser(newUser, errno),
    });
    this.#user = sessionUser;
    this.#deadline.clear();
    const ports = {
      toClient: (bytes: Uint8Array, length: number) => this.#toClient(bytes, length),
      toBackend: (bytes: Uint8Array) => this.#toBackend(bytes),
      clientRoom: (signal: AbortSignal) => this.#client.room(limits.relayHighWaterBytes, signal),
      holdClient: (isHeld: boolean) => {
        this.#isInputHeld = isHeld;
        this.#letClientFlow();
      },
      passwordRefusal: () => this.#passwordRefusal(),
      end: (last: Uint8Array, reason: Error) => this.#end(last, reason),
    };
    const gate = gates.open({ connectionId, user, database, capabilities });
    const watch = this.#journal?.loggedIn(() => gate.database);
    // Without spreads, which would give each session a shape of its own: V8 then looks every property up.
    this.#relay = new CommandRelay({
      runtime,
      ports,
      gate,
      connectionId,
      capabilities,
      origin,
      status,
      meter: this.#meter,
      maxPacketBytes: this.#host.limits.maxPacketBytes,
      watch,
      changeUser: (payload) => sessionUser.change(payload),
    });
    const { backendRest, clientRest } = login;
    if (login.isBackendCompressed) this.#backend?.compress(backendRest);
    else if (backendRest.length > 0) this.#relay.fromBackend(backendRest, backendRest.length);
    if (login.isClientCompressed) this.#client.compress(clientRest);
    else if (clientRest.length > 0) this.#relay.fromClient(clientRest);
  }

  /** A client that has TLS, or is on this machine, takes it that nobody can read its password on the way. */
  #passwordRefusal(): SqlError | undefined {
    const isPrivate = this.#client.isSecure || this.peer.isLocal;
    return isPrivate && this.#backend?.isPrivate !== true ? passwordInClear() : undefined;
  }

  #toClient(bytes: Uint8Array, length: number): void {
    const backend = this.#backend;
    const isStable = backend?.isStable(bytes, length) ?? false;
    this.#client.write(bytes, length, isStable);
    // Bytes that are written from the buffer they were read into must be gone before the next read.
    const isUncopied = isStable && backend?.isReadingInPlace === true;
    if (this.#client.pendingBytes > (isUncopied ? 0 : limits.relayHighWaterBytes)) backend?.pause();
  }

  #toBackend(bytes: Uint8Array): void {
    const backend = this.#backend;
    if (backend === undefined) return;
    backend.write(bytes);
    if (backend.pendingBytes <= limits.relayHighWaterBytes) return;
    this.#isBackendFull = true;
    this.#letClientFlow();
  }

  #backendDrained(): void {
    this.#isBackendFull = false;
    this.#letClientFlow();
  }

  #letClientFlow(): void {
    if (this.#isBackendFull || this.#isInputHeld) this.#client.pause();
    else this.#client.resume();
  }

  #clientEnded(): void {
    this.#hasClientEnded = true;
    if (this.#phase === 'connecting') {
      this.destroy();
      return;
    }
    if (this.#relay?.isAnswering === true) {
      // Nobody waits for the answer any more, and it may be long in coming.
      this.#end(NO_BYTES, CLIENT_GONE);
      return;
    }
    // If the session stands still, what the client has sent is still to be forwarded.
    if (this.#relay?.standstill?.hasBegun !== true) this.#backend?.end();
    if (this.#phase === 'login') this.#loginFailed();
    // The tidb-server closes when it has read the end; if it does not, nobody is left to wait for it.
    if (this.#phase !== 'ending') this.#deadline.set(limits.halfOpenMs);
  }

  #clientClosed(error: Error | undefined): void {
    this.#isClientClosed = true;
    if (this.#phase === 'login' || this.#phase === 'connecting') this.#loginFailed();
    const reason = error === undefined ? CLIENT_GONE : new SessionEnd('client', CLIENT_GONE.message, error);
    if (error !== undefined && this.#phase !== 'ending') this.#meter.broken(reason);
    this.#phase = 'ending';
    this.#journal?.ended(CLIENT_GONE.message);
    this.#relay?.end(reason);
    if (error === undefined) this.#backend?.end();
    else this.#backend?.destroy();
    if (this.#isBackendClosed) this.#finish();
    else this.#deadline.set(limits.lingerMs);
  }

  #backendEnded(error?: Error): void {
    if (this.#phase === 'connecting' || this.#phase === 'ending') return;
    if (this.#relay?.standstill?.survivesServer === true) {
      this.#lost = { by: error };
      return;
    }
    const left = this.#backend;
    this.#handshake?.backendGone(error);
    if (this.#backend !== left) return;
    this.#end(
      NO_BYTES,
      error === undefined ? SERVER_GONE : new SessionEnd('tidb', SERVER_GONE.message, error),
    );
  }

  #backendClosed(error: Error | undefined): void {
    this.#isBackendClosed = true;
    if (this.#phase === 'connecting') {
      this.#blame(error?.message ?? 'it ended, or was silent, before its greeting');
      this.#connect();
      return;
    }
    this.#backendEnded(error);
    if (this.#isClientClosed) this.#finish();
  }

  #loginFailed(): void {
    this.#meter.loginFailed();
    this.#journal?.loginFailed(this.#handshake?.errno ?? 0);
  }

  /** Ends both connections, the client's after what was sent to it and these last bytes. */
  #end(last: Uint8Array, reason: Error): void {
    if (this.#phase === 'ending') return;
    if (this.#phase !== 'commands') this.#loginFailed();
    this.#meter.broken(reason);
    const { connectionId: connId, peer } = this;
    this.#host.log.debug('session ends', { connId, client: peer.address, reason: loggedCause(reason) });
    this.#phase = 'ending';
    if (reason === SILENT) this.#host.counts.silentSessions++;
    this.#journal?.ended(loggedCause(reason));
    this.#relay?.end(reason);
    this.#backend?.end();
    if (last.length > 0) this.#client.write(last, last.length, true);
    this.#client.end();
    // Reading goes on (and what comes is dropped), so that the client sees our last bytes rather than a reset.
    this.#client.begin();
    this.#client.resume();
    this.#deadline.set(limits.lingerMs);
  }

  #finish(): void {
    this.#user?.end();
    this.#deadline.clear();
    this.#host.closed(this);
  }
}
