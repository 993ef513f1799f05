/** A client that sends exactly the packets it is told to: for what no library sends, or not in this order. */
import { type Socket, connect } from 'node:net';
import { NO_BYTES, concatBytes, utf8 } from '../../../src/base/bytes.js';
import { AnswerFollower } from '../../../src/wire/answer-follower.js';
import { type AnswerKindCode, answerKindOf } from '../../../src/wire/answer-kind.js';
import { Capability } from '../../../src/wire/capability.js';
import { Command } from '../../../src/wire/command.js';
import { type Greeting, parseGreeting } from '../../../src/wire/greeting.js';
import { printHandshakeResponse } from '../../../src/wire/handshake-response.js';
import { PacketSplitter } from '../../../src/wire/packet-splitter.js';
import { frame, framePayload } from '../../../src/wire/packet-writer.js';

const BASE_CAPABILITIES =
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
  readonly socket: Socket;
  readonly #received: Buffer[] = [];
  #wake: () => void = () => undefined;
  #hasEnded = false;
  greeting: Greeting | undefined;
  #isEofDeprecated = false;

  private constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (chunk: Buffer) => {
      this.#received.push(chunk);
      this.#wake();
    });
    const end = (): void => {
      this.#hasEnded = true;
      this.#wake();
    };
    this.socket.on('error', end);
    this.socket.on('end', end);
    this.socket.on('close', end);
  }

  /** Connects and does nothing else. */
  static open(port: number): RawClient {
    return new RawClient(port);
  }

  /** Connects and logs in as root, without a password. */
  static async login(port: number, more = 0, database?: string): Promise<RawClient> {
    const client = new RawClient(port);
    const [greeting] = await client.#messages(1);
    if (greeting === undefined) throw new Error('no greeting');
    client.greeting = parseGreeting(greeting);
    client.#isEofDeprecated = (more & Capability.deprecateEof) !== 0;
    const capabilities = BASE_CAPABILITIES | more | (database === undefined ? 0 : Capability.connectWithDb);
    client.socket.write(
      frame(1, (out) =>
        printHandshakeResponse(
          {
            ...{
              capabilities,
              maxPacketBytes: 1 << 24,
              collation: 45,
              user: 'root',
              authData: NO_BYTES,
              database,
            },
            ...{ authPlugin: 'mysql_native_password', attributes: undefined, zstdLevel: undefined },
          },
          out,
        ),
      ),
    );
    const [end] = await client.#messages(1);
    if (end?.[0] !== 0) throw new Error(`login failed: ${Buffer.from(end ?? []).toString('latin1')}`);
    return client;
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
    this.socket.write(framePayload(0, concatBytes(Uint8Array.of(command), payload)));
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

  /** The next bytes received; undefined at the end. */
  async chunk(): Promise<Buffer | undefined> {
    for (;;) {
      const chunk = this.#received.shift();
      if (chunk !== undefined) return chunk;
      if (this.#hasEnded) return undefined;
      await new Promise<void>((resolve) => (this.#wake = resolve));
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

  async #messages(count: number): Promise<Uint8Array[]> {
    const splitter = new PacketSplitter('tidb', 1 << 20);
    const messages: Uint8Array[] = [];
    while (messages.length < count) {
      const chunk = await this.chunk();
      if (chunk === undefined) break;
      splitter.feed(chunk);
      for (let next = splitter.next(); next !== undefined; next = splitter.next()) {
        messages.push(Uint8Array.from(next.payload));
      }
    }
    return messages;
  }
}
