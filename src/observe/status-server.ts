/**
 * The status port: `GET /health` (200 when views can be served), `/metrics` (Prometheus text), `/status` (JSON) and
 * the page `/`. It listens on loopback unless told otherwise, takes no input, and changes nothing. With a token it shows
 * nothing but `/health` to who does not know it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AUTHENTICATE, AccessToken } from './access-token.js';
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

/** What is shown, and to whom. */
interface Shown {
  readonly source: StatusSource;
  readonly metrics: MetricsSource;
  readonly token: AccessToken | undefined;
}

/** Few look at once; whoever sends his request byte by byte is not waited for. */
const CONNECTIONS_MAX = 256;
const REQUEST_MS_MAX = 5_000;

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
   * @param token - to be shown by whoever asks for more than `/health`; undefined: everybody may see everything.
   * @throws the system's error when the address cannot be bound.
   */
  static async listen(
    host: string,
    port: number,
    source: StatusSource,
    metrics: MetricsSource,
    token?: string,
  ): Promise<StatusServer> {
    const shown = { source, metrics, token: token === undefined ? undefined : new AccessToken(token) };
    const times = { headersTimeout: REQUEST_MS_MAX, requestTimeout: REQUEST_MS_MAX };
    const server = createServer({ ...times, connectionsCheckingInterval: 1_000 }, (request, response) => {
      answer(request, response, shown).catch((error: unknown) => {
        response.statusCode = 500;
        response.end(String(error));
      });
    });
    server.maxConnections = CONNECTIONS_MAX;
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
  { source, metrics, token }: Shown,
): Promise<void> {
  const path = (request.url ?? '/').split('?')[0];
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    reply(response, 405, 'text/plain', 'only GET\n');
    return;
  }
  if (path !== '/health' && token?.isIn(request.headers.authorization) === false) {
    response.setHeader('www-authenticate', AUTHENTICATE);
    reply(response, 401, 'text/plain', 'show the token of --status-token-file\n');
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
