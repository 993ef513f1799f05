/** What a record says of the session it is about. */
import { plainAddress } from '../client-origin.js';

/** What only the session knows, asked for when a record is written. */
export interface SessionSource {
  /** As TiDB knows it now; undefined before the login is done. It changes when the session moves. */
  connectionId(): number | undefined;
  /** Who the client says it is, or is; undefined: it has not said yet. */
  user(): string | undefined;
  /** The tidb-server, `host:port`. */
  server(): string | undefined;
}

/** A session, as far as records tell of it. */
export class SessionFacts {
  readonly #address: string | undefined;
  readonly #source: SessionSource;
  /** The current database. */
  database: () => string | undefined = () => undefined;

  /** @param address - the client's, as Node prints it. */
  constructor(address: string | undefined, source: SessionSource) {
    this.#address = address === undefined ? undefined : plainAddress(address);
    this.#source = source;
  }

  get user(): string | undefined {
    return this.#source.user();
  }

  /** The fields that records begin with. */
  record(): Readonly<Record<string, string | number | undefined>> {
    return {
      connId: this.#source.connectionId(),
      user: this.user,
      address: this.#address,
      database: this.database(),
      server: this.#source.server(),
    };
  }
}
