/** A client that sends exactly the packets it is told to: for what no library sends, or not in this order. */
import { type Socket, connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { NO_BYTES, concatBytes, utf8 } from '../../../src/base/bytes.js';
import { AnswerFollower } from '../../../src/wire/answer-follower.js';
import { type AnswerKindCode, answerKindOf } from '../../../src/wire/answer-kind.js';
import { Capability } from '../../../src/wire/capability.js';
import { Command } from '../../../src/wire/command.js';
import { CompressedServerLeg } from '../../../src/wire/compressed-server-leg.js';
import { type Greeting, parseGreeting } from '../../../src/wire/greeting.js';
import { type Message, PacketSplitter } from '../../../src/wire/packet-splitter.js';
import { framePayload } from '../../../src/wire/packet-writer.js';
import { type RawLogin, logIn } from './raw-login.js';

/** What a client of today has at least. */
export const BASE_CAPABILITIES =
  Capability.longPassword |
  Capability.longFlag |
  Capability.protocol41 |
  Capability.transactions |
  Capability.secureConnection |
  Capability.multiStatements |
  Capability.multiResults |
  Capability.pluginAuth |
  Capability.localFiles;

/** One connection. */
export class RawClient {
  socket: Socket;
  readonly #received: Buffer[] = [];
  #wake: () => void = () => undefined;
  #hasEnded = false;
  greeting: Greeting | undefined;
  #isEofDeprecated = false;
  #compressed: CompressedServerLeg | undefined;

  private constructor(port: number, host: string) {
    this.socket = connect({ port, host, noDelay: true });
    this.#listen();
  }

  /** Connects and does nothing else. */
  static open(port: number, host = '127.0.0.1'): RawClient {
    return new RawClient(port, host);
  }

  /** Connects and logs in as root, without a password. */
  static login(port: number, more = 0, database?: string): Promise<RawClient> {
    const capabilities = BASE_CAPABILITIES | more | (database === undefined ? 0 : Capability.connectWithDb);
    const account = { user: 'root', password: '', plugin: 'mysql_native_password' };
    return RawClient.enter(port, { ...account, capabilities, ...(database !== undefined && { database }) });
  }

  /** Connects and logs in. @throws LoginRefused. */
  static async enter(port: number, login: RawLogin, host?: string): Promise<RawClient> {
    const client = RawClient.open(port, host);
    await client.enter(login);
    return client;
  }

  /** Logs in on the open connection. @throws LoginRefused. */
  async enter(login: RawLogin): Promise<void> {
    const splitter = new PacketSplitter('tidb', 1 << 20);
    const message = async (): Promise<Message> => {
      for (;;) {
        const next = splitter.next();
        if (next !== undefined) return next;
        const chunk = await this.chunk();
        if (chunk === undefined) throw new Error('the connection ended in the middle of the login');
        splitter.feed(chunk);
      }
    };
    this.greeting = parseGreeting((await message()).payload);
    const isSecure = login.tls !== undefined;
    const { tls } = login;
    await logIn(
      { isSecure, message, write: (bytes) => void this.socket.write(bytes), secure: () => this.#secure(tls) },
      this.greeting,
      login,
    );
    const agreed = login.capabilities & this.greeting.capabilities;
    this.#isEofDeprecated = (agreed & Capability.deprecateEof) !== 0;
    if ((agreed & Capability.compress) !== 0) this.#compressed = new CompressedServerLeg();
  }

  /** Sends a command and waits for its whole answer. */
  async command(command: number, payload: Uint8Array | string = NO_BYTES): Promise<Buffer> {
    const body = typeof payload === 'string' ? utf8(payload) : payload;
    this.send(command, body);
    return this.answers([answerKindOf(command, body[0], body.length + 1)]);
  }

  query(sql: string): Promise<Buffer> {
    return this.command(Command.query, sql);
  }

  /** Sends a command. */
  send(command: number, payload: Uint8Array = NO_BYTES): void {
    this.write(framePayload(0, concatBytes(Uint8Array.of(command), payload)));
  }

  /** Sends packets, compressed if that was agreed on. */
  write(bytes: Uint8Array): void {
    for (const piece of this.#compressed?.frame(bytes) ?? [bytes]) this.socket.write(piece);
  }

  /** Waits for these answers. @throws when the connection ends before. */
  async answers(kinds: readonly AnswerKindCode[]): Promise<Buffer> {
    const follower = new AnswerFollower(this.#isEofDeprecated, 0);
    for (const kind of kinds) follower.expect(kind);
    const parts: Buffer[] = [];
    while (follower.pendingCount > 0) {
      const chunk = await this.chunk();
      if (chunk === undefined)
        throw new Error(`the connection ended after ${Buffer.concat(parts).toString('latin1')}`);
      follower.feed(chunk, 0, chunk.length);
      parts.push(chunk);
      if (follower.takeFileRequest()) break;
    }
    return Buffer.concat(parts);
  }

  /** The next bytes received, of packets; undefined at the end. */
  async chunk(): Promise<Buffer | undefined> {
    for (;;) {
      const unpacked = this.#compressed?.next();
      if (unpacked !== undefined) return Buffer.from(unpacked);
      const chunk = this.#received.shift();
      if (chunk !== undefined && this.#compressed === undefined) return chunk;
      if (chunk !== undefined) this.#compressed?.feed(chunk);
      else if (this.#hasEnded) return undefined;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Everything until the server ends the connection. */
  async untilEnd(): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let chunk = await this.chunk(); chunk !== undefined; chunk = await this.chunk()) parts.push(chunk);
    return Buffer.concat(parts);
  }

  /** Says goodbye and waits for the end. */
  async quit(): Promise<void> {
    this.send(Command.quit);
    this.socket.end();
    await this.untilEnd();
    this.socket.destroy();
  }

  async #secure(tls: RawLogin['tls']): Promise<void> {
    const plain = this.socket;
    plain.removeAllListeners('data');
    this.socket = connectTls({ socket: plain, servername: 'localhost', ...tls });
    this.#listen();
    await new Promise<void>((resolve, reject) => {
      this.socket.once('secureConnect', resolve);
      this.socket.once('error', reject);
    });
  }

  #listen(): void {
    const { socket } = this;
    socket.on('data', (chunk: Buffer) => {
      this.#received.push(chunk);
      this.#wake();
    });
    const end = (): void => {
      if (socket !== this.socket) return;
      this.#hasEnded = true;
      this.#wake();
    };
    socket.on('error', end);
    socket.on('end', end);
    socket.on('close', end);
  }
}
