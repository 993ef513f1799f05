/**
 * Lies between a client and a server and records what each sends, to compare a session through the proxy with the
 * same session without it.
 */
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { concatBytes } from '../../../src/base/bytes.js';
import { Capability } from '../../../src/wire/capability.js';
import { parseGreeting, printGreeting } from '../../../src/wire/greeting.js';
import { parseHandshakeResponse, printHandshakeResponse } from '../../../src/wire/handshake-response.js';
import { frame, framePayload } from '../../../src/wire/packet-writer.js';

/** What one connection's two sides sent. */
export interface Recording {
  readonly fromClient: Buffer;
  readonly fromServer: Buffer;
}

/** Records connections to one server. */
export class Recorder {
  readonly #server: Server;
  readonly #connections: { fromClient: Buffer[]; fromServer: Buffer[] }[] = [];
  #open = 0;
  #closed: () => void = () => undefined;

  private constructor(port: number) {
    this.#server = createServer((client) => this.#record(client, port));
  }

  static async start(port: number): Promise<Recorder> {
    const recorder = new Recorder(port);
    await new Promise<void>((resolve) => recorder.#server.listen(0, '127.0.0.1', resolve));
    return recorder;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Waits for the end of all connections and gives what they sent. */
  async stop(): Promise<Recording[]> {
    if (this.#open > 0) await new Promise<void>((resolve) => (this.#closed = resolve));
    this.#server.close();
    return this.#connections.map(({ fromClient, fromServer }) => ({
      fromClient: Buffer.concat(fromClient),
      fromServer: Buffer.concat(fromServer),
    }));
  }

  #record(client: Socket, port: number): void {
    this.#open++;
    const recording = { fromClient: [] as Buffer[], fromServer: [] as Buffer[] };
    this.#connections.push(recording);
    const server = connect(port, '127.0.0.1');
    client.on('data', (chunk: Buffer) => {
      recording.fromClient.push(chunk);
    });
    server.on('data', (chunk: Buffer) => {
      recording.fromServer.push(chunk);
    });
    client.on('error', () => server.destroy());
    server.on('error', () => client.destroy());
    client.pipe(server);
    server.pipe(client);
    client.on('close', () => {
      this.#open--;
      if (this.#open === 0) this.#closed();
    });
  }
}

const MASKED = Capability.compress | Capability.zstdCompression | Capability.ssl;

/**
 * The recording without what must differ between two sessions: salt and connection id, the capabilities that the
 * proxy masks, and the client's process number among its attributes.
 */
export function comparable({ fromClient, fromServer }: Recording): Recording {
  return { fromClient: normalised(fromClient, responseOf), fromServer: normalised(fromServer, greetingOf) };
}

function normalised(stream: Buffer, first: (payload: Buffer, sequence: number) => Uint8Array): Buffer {
  const length = stream.readUIntLE(0, 3);
  const packet = first(stream.subarray(4, 4 + length), stream.readUInt8(3));
  return Buffer.from(concatBytes(packet, stream.subarray(4 + length)));
}

function greetingOf(payload: Buffer, sequence: number): Uint8Array {
  if (payload[0] === 0xff) return framePayload(sequence, payload);
  const greeting = parseGreeting(payload);
  const capabilities = greeting.capabilities & ~MASKED;
  const authData = new Uint8Array(greeting.authData.length);
  return frame(sequence, (out) =>
    printGreeting({ ...greeting, connectionId: 0, authData, capabilities }, out),
  );
}

function responseOf(payload: Buffer, sequence: number): Uint8Array {
  const response = parseHandshakeResponse(payload);
  const attributes = response.attributes?.map(
    ([name, value]) => [name, name === '_pid' ? 'a number' : value] as const,
  );
  return frame(sequence, (out) => printHandshakeResponse({ ...response, attributes }, out));
}
