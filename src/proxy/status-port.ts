/** Asks a tidb-server's HTTP status port. It may be switched off, or behind a firewall: no answer is no error. */
import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';
import { fromUtf8 } from '../base/bytes.js';
import type { Endpoint } from './backends.js';
import type { StatusTls } from './tls-options.js';

/** What is asked for. */
export interface StatusRequest {
  readonly endpoint: Endpoint;
  /** With its slash. */
  readonly path: string;
  /** Undefined: the port speaks plain HTTP. */
  readonly tls: StatusTls | undefined;
  /** Longest body that is read; 0: none is. */
  readonly bytesMax: number;
}

/** What it says. */
export interface StatusAnswer {
  /** Of HTTP. */
  readonly code: number;
  readonly body: string;
}

/** @returns undefined: no answer, one that is too long, or none before the abort. */
export function askStatusPort(
  { endpoint, path, tls, bytesMax }: StatusRequest,
  signal: AbortSignal,
): Promise<StatusAnswer | undefined> {
  return new Promise((resolve) => {
    const options = { host: endpoint.host, port: endpoint.port, path, agent: false, signal };
    const request = tls === undefined ? getHttp(options) : getHttps({ ...options, ...tls });
    request.on('response', (response) => {
      const code = response.statusCode ?? 0;
      response.on('error', () => resolve(undefined));
      if (bytesMax === 0) {
        resolve({ code, body: '' });
        response.destroy();
        return;
      }
      const chunks: Uint8Array[] = [];
      let length = 0;
      response.on('data', (chunk: Uint8Array) => {
        length += chunk.length;
        if (length <= bytesMax) chunks.push(chunk);
        else response.destroy(new Error(`an answer of more than ${bytesMax} bytes`));
      });
      response.on('end', () => resolve({ code, body: fromUtf8(Buffer.concat(chunks)) }));
    });
    request.on('error', () => resolve(undefined));
  });
}
