/**
 * The secret that the status port asks for where others than this machine can reach it: `Authorization: Bearer TOKEN`,
 * or Basic with the token as the password and any user, which is how a browser asks a person for it.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

/** What a client is told that has not shown the token. */
export const AUTHENTICATE = 'Bearer realm="tiview", Basic realm="tiview: any user, the token as password"';

const BEARER = /^Bearer +(\S+)$/i;
const BASIC = /^Basic +([A-Za-z0-9+/=]+)$/i;

/** A token to compare with. */
export class AccessToken {
  /** Of one length whatever the token's, and nothing to read it from. */
  readonly #digest: Buffer;

  constructor(token: string) {
    this.#digest = digestOf(token);
  }

  /** Whether a request's `Authorization` shows the token. Takes as long for a good guess as for a bad one. */
  isIn(authorization: string | undefined): boolean {
    return timingSafeEqual(this.#digest, digestOf(presented(authorization ?? '')));
  }
}

function presented(authorization: string): string {
  const bearer = BEARER.exec(authorization)?.[1];
  if (bearer !== undefined) return bearer;
  const pair = Buffer.from(BASIC.exec(authorization)?.[1] ?? '', 'base64').toString('utf8');
  return pair.slice(pair.indexOf(':') + 1);
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
