/** What a front-end process may ask the main process for: statements on views, and KILL of what another one answers. */
import { limits } from '../../base/limits.js';
import { loggedCause } from '../../base/sensitive.js';
import type { Log } from '../../base/telemetry.js';
import type { StatementService } from '../../view/index.js';
import type { MainDuties } from './contract.js';
import type { NamePublisher } from './name-publisher.js';
import type { WorkerHandle } from './worker-handle.js';

/** A front end that is asked. */
type AskedWorker = Pick<WorkerHandle, 'ask' | 'number'>;

/** What the duties are done with. */
export interface MainDutyParts {
  readonly service: StatementService;
  readonly names: Pick<NamePublisher, 'settled'>;
  readonly log: Log;
  /** All front ends but the one that asks. */
  readonly others: () => readonly AskedWorker[];
}

/** The duties towards one front end. */
export function mainDuties({ service, names, log, others }: MainDutyParts): MainDuties {
  /** Asks all others at once; one that does not answer in time is left out, and that is said. */
  const askOthers = <T>(
    ask: (worker: AskedWorker, late: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<(T | undefined)[]> =>
    Promise.all(
      others().map(async (worker) => {
        const late = AbortSignal.any([signal, AbortSignal.timeout(limits.workerStatusMs)]);
        try {
          return await ask(worker, late);
        } catch (error) {
          signal.throwIfAborted();
          const fields = { worker: worker.number, error: loggedCause(error) };
          log.warn('a front end does not say what a KILL means to it', fields);
          return undefined;
        }
      }),
    );
  return {
    async *execute({ input, context }, signal) {
      try {
        for await (const part of service.execute(input, context, signal)) {
          if (part.kind === 'ok') await names.settled();
          yield part;
        }
      } catch (error) {
        await names.settled();
        throw error;
      }
    },
    answeredUser: async (connectionId, signal) => {
      const users = await askOthers((worker, late) => worker.ask('answeredUser', connectionId, late), signal);
      return users.find((user) => user !== undefined);
    },
    interrupt: async (connectionId, signal) => {
      await askOthers((worker, late) => worker.ask('interrupt', connectionId, late), signal);
    },
    presentId: async (connectionId, signal) => {
      const ids = await askOthers((worker, late) => worker.ask('presentId', connectionId, late), signal);
      // As in session-ids.ts: who has the id now comes before who had it once.
      if (ids.includes(connectionId)) return connectionId;
      return ids.find((id) => id !== undefined) ?? connectionId;
    },
  };
}
