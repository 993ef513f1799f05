/**
 * How a session logged in, and what commands have changed of that since: what another login in its name must say.
 * TiDB's session states do not hold it, but COM_RESET_CONNECTION goes back to it.
 *
 * @see TiDB pkg/server/conn.go (handleResetConnection, useDB), conn_stmt.go (handleSetOption)
 */
import { fromUtf8 } from '../../base/bytes.js';
import { Capability } from '../../wire/capability.js';
import { parseChangeUser } from '../../wire/com-change-user.js';
import { Command } from '../../wire/command.js';
import type { AnswerListener } from '../../wire/expected-answers.js';
import { type HandshakeResponse, parseHandshakeResponse } from '../../wire/handshake-response.js';
import { ProtocolError } from '../../wire/protocol-error.js';

/** The plugin that TiDB checks a session token with. */
const TOKEN_PLUGIN = 'tidb_session_token';

/** Of the connection to the server only: they do not change what a client sees. */
const LOGIN_CAPABILITIES =
  Capability.pluginAuth | Capability.pluginAuthLenencData | Capability.secureConnection;

/** What is known when the login is done. */
export interface OriginalLogin {
  /** What the client and the tidb-server have agreed on. */
  readonly capabilities: number;
  readonly database: string | undefined;
  /** The client's handshake response, without its proof; kept as it is. */
  readonly response: Uint8Array;
}

/** One session's. */
export class SessionOrigin {
  readonly #response: Uint8Array;
  #capabilities: number;
  #database: string | undefined;

  constructor({ capabilities, database, response }: OriginalLogin) {
    this.#response = response;
    this.#capabilities = capabilities;
    this.#database = database === '' ? undefined : database;
  }

  /** What a server must offer to take the session. */
  get capabilities(): number {
    return this.#capabilities;
  }

  /**
   * What a command changes, if TiDB says yes.
   *
   * @param message - the whole command, its code included; lent.
   * @returns to be told of the answer; undefined: nothing.
   */
  changeBy(message: Uint8Array): AnswerListener | undefined {
    switch (message[0]) {
      case Command.initDb:
        return this.#onDatabase(fromUtf8(message.subarray(1)));
      case Command.changeUser:
        return this.#onDatabase(newDatabase(message, this.#capabilities));
      case Command.setOption:
        return this.#onMultiStatements(message[1] === 0);
      default:
        return undefined;
    }
  }

  /** A response that logs in as the session's user, with the token that TiDB has given for it. */
  responseWith(user: string, token: Uint8Array): HandshakeResponse {
    const database = this.#database;
    const withDatabase = database === undefined ? 0 : Capability.connectWithDb;
    const agreed = this.#capabilities & ~(Capability.connectWithDb | Capability.ssl);
    const capabilities = agreed | LOGIN_CAPABILITIES | withDatabase;
    const original = parseHandshakeResponse(this.#response);
    return { ...original, capabilities, user, authData: token, database, authPlugin: TOKEN_PLUGIN };
  }

  #onDatabase(name: string | undefined): AnswerListener {
    return ({ errno }) => {
      if (errno === 0) this.#database = name === '' ? undefined : name;
    };
  }

  #onMultiStatements(isOn: boolean): AnswerListener {
    return ({ errno }) => {
      if (errno !== 0) return;
      const others = this.#capabilities & ~Capability.multiStatements;
      this.#capabilities = isOn ? others | Capability.multiStatements : others;
    };
  }
}

/** The database that a COM_CHANGE_USER names. What we cannot read TiDB will not take either. */
function newDatabase(message: Uint8Array, capabilities: number): string | undefined {
  try {
    return parseChangeUser(message, capabilities).database;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return undefined;
  }
}
