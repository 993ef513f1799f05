/** A way to a server that a test can alter, silence or shut. */
import { once } from 'node:events';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';

/** Relays connections to a port of 127.0.0.1. */
export class Door implements AsyncDisposable {
  /** What becomes of a client's bytes, as latin1. */
  onTheWay: (bytes: string) => string = (bytes) => bytes;
  /** Whether connections are taken and nothing is ever said on them. */
  isSilent = false;
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  readonly #port: number;
  #isShut = false;

  private constructor(port: number) {
    this.#port = port;
    this.#server = createServer((client) => this.#accept(client));
  }

  /** @param port - where the server behind it listens. */
  static async before(port: number): Promise<Door> {
    const door = new Door(port);
    door.#server.listen(0, '127.0.0.1');
    await once(door.#server, 'listening');
    return door;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections of clients that are open now. */
  get openCount(): number {
    return this.#open.size;
  }

  /** Resolves when a client connects. */
  async visited(): Promise<void> {
    await once(this.#server, 'connection');
  }

  /** Breaks all connections, and hangs up on whoever comes. */
  shut(): void {
    this.#isShut = true;
    for (const client of this.#open) client.destroy();
  }

  /** Lets in again. */
  unshut(): void {
    this.#isShut = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.shut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(client: Socket): void {
    client.on('error', () => undefined);
    if (this.#isShut) {
      client.destroy();
      return;
    }
    this.#open.add(client);
    client.once('close', () => this.#open.delete(client));
    if (this.isSilent) {
      client.resume();
      return;
    }
    const server = connect(this.#port, '127.0.0.1');
    server.on('error', () => client.destroy());
    server.pipe(client);
    client.on('data', (bytes: Buffer) => {
      server.write(Buffer.from(this.onTheWay(bytes.toString('latin1')), 'latin1'));
    });
    client.once('close', () => server.destroy());
  }
}
