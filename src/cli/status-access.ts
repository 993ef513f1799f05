/** Who may look at the status port: everybody on this machine; from elsewhere who has the token. */
import { readFileSync } from 'node:fs';
import { messageOf } from '../base/errors.js';
import { isLoopback } from '../base/hosts.js';
import { ConfigError } from './config-error.js';
import { type Options, printHostPort } from './options.js';

/** Shorter ones can be guessed. */
const TOKEN_LENGTH_MIN = 16;

/**
 * The token that the status port asks for; undefined: none.
 *
 * @throws ConfigError — the port can be reached from elsewhere and no token was given; the file is of no use.
 */
export function statusToken(options: Options): string | undefined {
  const path = options['status-token-file'];
  if (path === undefined) {
    if (isLoopback(options.status.host)) return undefined;
    const where = printHostPort(options.status);
    throw new ConfigError(`status: ${where} is not on loopback, so --status-token-file must be given`);
  }
  const token = read(path).trim();
  if (!/^[\x21-\x7e]+$/.test(token) || token.length < TOKEN_LENGTH_MIN)
    throw new ConfigError(
      `status-token-file: not ${TOKEN_LENGTH_MIN} characters of ASCII or more, without blanks`,
    );
  return token;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`status-token-file: ${messageOf(error)}`);
  }
}
