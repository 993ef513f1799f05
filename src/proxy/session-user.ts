/**
 * Whose session it is: who has logged in, or whom COM_CHANGE_USER has made of him when TiDB agreed. A user is counted
 * from the moment he is asked for, so that many who change at once cannot be more than the limit.
 */
import type { SqlError } from '../base/errors.js';
import { type ChangeUser, parseChangeUser } from '../wire/com-change-user.js';
import { isPasswordPlugin } from '../wire/password-request.js';
import type { AnswerListener } from '../wire/expected-answers.js';
import { ProtocolError } from '../wire/protocol-error.js';
import type { Admission } from './admission.js';

/** What becomes of a COM_CHANGE_USER. */
export type UserChange =
  | { readonly kind: 'refuse'; readonly error: SqlError }
  | { readonly kind: 'pass'; readonly answered?: AnswerListener };

/** What a session's user is made of. */
export interface SessionUserParts {
  /** Has been counted (Admission.enterUser). */
  readonly name: string;
  /** The connection's. */
  readonly capabilities: number;
  readonly admission: Admission;
  /** Why the client must not send its password itself; undefined: it may. */
  readonly passwordRefusal: () => SqlError | undefined;
  /** Is told of each change that was asked for when it has been answered, before it takes place. */
  readonly changed?: (newUser: string, errno: number) => void;
}

/** The user of one session. */
export class SessionUser {
  #name: string;
  /** Users that the session is counted for: its own, and those that it may be soon. */
  readonly #counted: string[];
  readonly #parts: SessionUserParts;

  constructor(parts: SessionUserParts) {
    this.#parts = parts;
    this.#name = parts.name;
    this.#counted = [parts.name];
  }

  get name(): string {
    return this.#name;
  }

  /** The client wants to be somebody else. @param payload - of the COM_CHANGE_USER, whole. */
  change(payload: Uint8Array): UserChange {
    const wanted = this.#parse(payload);
    // What cannot be read TiDB will not take either.
    if (wanted === undefined) return { kind: 'pass' };
    const { admission, changed, passwordRefusal } = this.#parts;
    const { user } = wanted;
    const isCountedAnyway = user === this.#name && this.#counted.length === 1;
    const error =
      (isPasswordPlugin(wanted.authPlugin) ? passwordRefusal() : undefined) ??
      (isCountedAnyway ? undefined : admission.enterUser(user));
    if (error !== undefined) {
      changed?.(user, error.errno);
      return { kind: 'refuse', error };
    }
    if (!isCountedAnyway) this.#counted.push(user);
    return {
      kind: 'pass',
      answered: ({ errno }) => {
        changed?.(user, errno);
        const gone = errno === 0 ? this.#name : user;
        if (errno === 0) this.#name = user;
        if (!isCountedAnyway) this.#leave(gone);
      },
    };
  }

  /** The session has ended. */
  end(): void {
    for (const user of this.#counted.splice(0)) this.#parts.admission.leaveUser(user);
  }

  #leave(user: string): void {
    const at = this.#counted.indexOf(user);
    // The session may have ended before the answer came.
    if (at < 0) return;
    this.#counted.splice(at, 1);
    this.#parts.admission.leaveUser(user);
  }

  #parse(payload: Uint8Array): ChangeUser | undefined {
    try {
      return parseChangeUser(payload, this.#parts.capabilities);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return undefined;
    }
  }
}
