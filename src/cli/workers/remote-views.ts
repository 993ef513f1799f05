/** A front-end process's side of views: names that the main process has told it, statements that the main process runs. */
import type { AnsweredStatements } from '../../proxy/intercept/kill.js';
import type { Proxy } from '../../proxy/proxy.js';
import type { NameSnapshot, StatementService } from '../../view/index.js';
import { type KnownSessions, isConcerned } from '../front-ends.js';
import type { MainDuties, WorkerDuties } from './contract.js';
import type { Peer } from './peer.js';

/** The main process, as a front end sees it. */
export type MainProcess = Pick<Peer<WorkerDuties, MainDuties>, 'ask' | 'follow'>;

/** The service, far away. */
export class RemoteViews implements StatementService {
  readonly #main: MainProcess;
  #names: NameSnapshot;

  constructor(main: MainProcess, names: NameSnapshot) {
    this.#main = main;
    this.#names = names;
  }

  names(): NameSnapshot {
    return this.#names;
  }

  /** Other names, from now on. */
  learn(names: NameSnapshot): void {
    this.#names = names;
  }

  readonly execute: StatementService['execute'] = (input, context, signal) =>
    this.#main.follow('execute', { input, context }, signal);
}

/**
 * The statements that are answered on sessions of any front end. Only the main process knows of a connection that is
 * no session of this one: a KILL of it waits for two questions and answers.
 */
export function remoteStatements(
  main: MainProcess,
  here: () => (KnownSessions & Pick<Proxy, 'hasSession'>) | undefined,
): AnsweredStatements {
  /** The proxy of this process, if the connection is a session of it. */
  const proxyOf = (connectionId: number): ReturnType<typeof here> => {
    const proxy = here();
    return proxy?.hasSession(connectionId) === true ? proxy : undefined;
  };
  return {
    mayBeOurs: (connectionId) => {
      const proxy = proxyOf(connectionId);
      return proxy === undefined || isConcerned(proxy, connectionId);
    },
    answeredUser: async (connectionId, signal) => {
      const proxy = proxyOf(connectionId);
      return proxy === undefined
        ? main.ask('answeredUser', connectionId, signal)
        : proxy.answeredUser(connectionId);
    },
    interrupt: async (connectionId, signal) => {
      const proxy = proxyOf(connectionId);
      if (proxy === undefined) await main.ask('interrupt', connectionId, signal);
      else proxy.interrupt(connectionId);
    },
    presentId: async (connectionId, signal) => {
      const proxy = proxyOf(connectionId);
      return proxy === undefined
        ? main.ask('presentId', connectionId, signal)
        : proxy.presentId(connectionId);
    },
  };
}
