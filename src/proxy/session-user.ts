/**
 * Whose session it is: who has logged in, or whom COM_CHANGE_USER has made of him when TiDB agreed. A user is counted
 * from the moment he is asked for, so that many who change at once cannot be more than the limit.
 */
import type { SqlError } from '../base/errors.js';
import { parseChangeUser } from '../wire/com-change-user.js';
import type { AnswerListener } from '../wire/expected-answers.js';
import { ProtocolError } from '../wire/protocol-error.js';
import type { Admission } from './admission.js';

/** What becomes of a COM_CHANGE_USER. */
export type UserChange =
  | { readonly kind: 'refuse'; readonly error: SqlError }
  | { readonly kind: 'pass'; readonly answered?: AnswerListener };

/** The user of one session. */
export class SessionUser {
  readonly #admission: Admission;
  readonly #capabilities: number;
  #name: string;
  /** Users that the session is counted for: its own, and those that it may be soon. */
  readonly #counted: string[];
  readonly #changed: ((newUser: string, errno: number) => void) | undefined;

  /**
   * @param name - has been counted (Admission.enterUser).
   * @param capabilities - the connection's.
   * @param changed - is told of each change that was asked for when it has been answered, before it takes place.
   */
  constructor(
    name: string,
    capabilities: number,
    admission: Admission,
    changed?: (newUser: string, errno: number) => void,
  ) {
    this.#name = name;
    this.#counted = [name];
    this.#capabilities = capabilities;
    this.#admission = admission;
    this.#changed = changed;
  }

  get name(): string {
    return this.#name;
  }

  /** The client wants to be somebody else. @param payload - of the COM_CHANGE_USER, whole. */
  change(payload: Uint8Array): UserChange {
    const user = this.#userIn(payload);
    // What cannot be read TiDB will not take either.
    if (user === undefined) return { kind: 'pass' };
    const isCountedAnyway = user === this.#name && this.#counted.length === 1;
    const error = isCountedAnyway ? undefined : this.#admission.enterUser(user);
    if (error !== undefined) {
      this.#changed?.(user, error.errno);
      return { kind: 'refuse', error };
    }
    if (!isCountedAnyway) this.#counted.push(user);
    return {
      kind: 'pass',
      answered: ({ errno }) => {
        this.#changed?.(user, errno);
        const gone = errno === 0 ? this.#name : user;
        if (errno === 0) this.#name = user;
        if (!isCountedAnyway) this.#leave(gone);
      },
    };
  }

  /** The session has ended. */
  end(): void {
    for (const user of this.#counted.splice(0)) this.#admission.leaveUser(user);
  }

  #leave(user: string): void {
    const at = this.#counted.indexOf(user);
    // The session may have ended before the answer came.
    if (at < 0) return;
    this.#counted.splice(at, 1);
    this.#admission.leaveUser(user);
  }

  #userIn(payload: Uint8Array): string | undefined {
    try {
      return parseChangeUser(payload, this.#capabilities).user;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return undefined;
    }
  }
}
