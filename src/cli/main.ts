#!/usr/bin/env node
/**
 * The executable. What takes long to load is loaded when signals are listened to: a stop that comes meanwhile is an
 * orderly end like any other.
 */
import { readFileSync } from 'node:fs';
import { messageOf } from '../base/errors.js';
import { adminWishes } from './admin-wishes.js';
import type { Request } from './config.js';
import { ConfigError } from './config-error.js';
import { stopSignals } from './stop-signals.js';
import { programVersion } from './version.js';

const USAGE_EXIT = 2;
const FAILURE_EXIT = 1;

async function main(): Promise<number> {
  const stopping = stopSignals();
  const wishes = adminWishes();
  const { readConfig } = await import('./config.js');
  const read = (): Request =>
    readConfig({
      argv: process.argv.slice(2),
      environment: process.env,
      readFile: (path) => readFileSync(path, 'utf8'),
      version: programVersion(),
    });
  const request = read();
  if (request.kind === 'print') {
    process.stdout.write(request.text);
    return 0;
  }
  const { serve } = await import('./serve.js');
  return serve(request, { stopping, wishes, read });
}

/** Whatever is still open (a connection to a server that does not answer) must not keep the process alive. */
function exit(code: number): void {
  process.stdout.write('', () => process.exit(code));
}

try {
  exit(await main());
} catch (error) {
  process.stderr.write(`tiview: ${messageOf(error)}\n`);
  exit(error instanceof ConfigError ? USAGE_EXIT : FAILURE_EXIT);
}
