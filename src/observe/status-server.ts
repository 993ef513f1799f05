/**
 * The status port: `GET /health` (200 when views can be served), `/metrics` (Prometheus text), `/status` (JSON) and
 * the page `/`. It listens on loopback unless told otherwise, takes no input, and changes nothing.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { statusPage } from './status-page.js';

/** What the status port shows. */
export interface StatusSource {
  /** JSON-clonable; bigints as text. */
  status(): Promise<unknown>;
  /** Whether this instance can serve clients; the text says why not. */
  health(): { readonly isHealthy: boolean; readonly reason: string };
}

/** What `/metrics` shows. */
export interface MetricsSource {
  /** MIME type of the text. */
  readonly contentType: string;
  text(): Promise<string>;
}

/** A running status port. */
export class StatusServer implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /**
   * Starts listening.
   *
   * @param port - 0: any free port.
   * @throws the system's error when the address cannot be bound.
   */
  static async listen(
    host: string,
    port: number,
    source: StatusSource,
    metrics: MetricsSource,
  ): Promise<StatusServer> {
    const server = createServer((request, response) => {
      answer(request, response, source, metrics).catch((error: unknown) => {
        response.statusCode = 500;
        response.end(String(error));
      });
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    return new StatusServer(server);
  }

  /** `host:port` as bound. */
  get address(): string {
    const { address, port, family } = this.#server.address() as AddressInfo;
    return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  source: StatusSource,
  metrics: MetricsSource,
): Promise<void> {
  const path = (request.url ?? '/').split('?')[0];
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    reply(response, 405, 'text/plain', 'only GET\n');
    return;
  }
  switch (path) {
    case '/health': {
      const { isHealthy, reason } = source.health();
      reply(response, isHealthy ? 200 : 503, 'text/plain', `${reason}\n`);
      return;
    }
    case '/metrics':
      reply(response, 200, metrics.contentType, await metrics.text());
      return;
    case '/status':
      reply(response, 200, 'application/json', `${JSON.stringify(await source.status(), null, 2)}\n`);
      return;
    case '/':
      reply(response, 200, 'text/html; charset=utf-8', statusPage);
      return;
    default:
      reply(response, 404, 'text/plain', 'try /, /status, /metrics or /health\n');
  }
}

function reply(response: ServerResponse, code: number, type: string, body: string): void {
  response.writeHead(code, {
    'content-type': type,
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'self' 'unsafe-inline'",
  });
  response.end(body);
}
