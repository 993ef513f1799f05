/**
 * What applications do to a server, all of it at once and at a moderate rate: users of several kinds, each of which goes
 * round its habit until it is told to stop. Every answer is looked at; what is not as it must be is a problem.
 */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../../src/base/errors.js';
import { SqlClient } from '../../support/sql-client.js';
import { abort, bigResult, loadFile, pipeline, severalStatements } from './raw-habits.js';

/** Once round a habit. @param round - counts from 0. */
type Round = (port: number, round: number) => Promise<void>;

/** What one user does again and again. */
interface Habit {
  readonly go: Round;
  /** Closes what is kept from round to round. */
  readonly end?: () => Promise<void>;
}

const IDLE_CONNECTIONS = 50;
const ROWS = 500;
const PROBLEMS_MAX = 20;

/** Makes what the load needs. */
export async function prepareSoak(port: number): Promise<void> {
  await using client = await SqlClient.open({ port });
  const rows = Array.from({ length: ROWS }, (_, id) => `(${id}, 'v${id}', ${id})`);
  await client.runAll(
    'drop database if exists soak',
    'create database soak',
    'use soak',
    'create table t (id int primary key, v varchar(100), n int)',
    `insert into t values ${rows.join()}`,
    'create table loaded (id int primary key, v varchar(100))',
    'create materialized view mv as select n % 10 g, count(*) c, sum(n) s from t group by n % 10',
  );
}

/** Keeps a connection for a while, because applications do, and opens another one now and then. */
const kept = (uses: number, go: (client: SqlClient, round: number) => Promise<void>) => (): Habit => {
  let client: SqlClient | undefined;
  const end = async (): Promise<void> => {
    await client?.close();
    client = undefined;
  };
  return {
    go: async (port, round) => {
      client ??= await SqlClient.open({ port, database: 'soak' });
      await go(client, round);
      if (round % uses === uses - 1) await end();
    },
    end,
  };
};

/** Keeps nothing. */
const fresh = (go: Round) => (): Habit => ({ go });

const expectSame = (found: unknown, expected: unknown): void => {
  if (JSON.stringify(found) !== JSON.stringify(expected)) {
    throw new Error(`${JSON.stringify(found)} where ${JSON.stringify(expected)} is right`);
  }
};

const select = kept(2_000, async (client, round) => {
  const id = (round * 17) % ROWS;
  expectSame(await client.rows(`select v from t where id = ${id}`), [[`v${id}`]]);
});

const prepared = kept(100, async (client, round) => {
  const id = (round * 31) % ROWS;
  // Some statements again and again, some only once.
  const sql = round % 5 === 0 ? `select v, ${round} from t where id = ?` : 'select v from t where id = ?';
  const [row] = (await client.execute(sql, [id])) as { v: string }[];
  expectSame(row?.v, `v${id}`);
});

const transaction = kept(500, async (client, round) => {
  const id = round % ROWS;
  await client.run('begin');
  await client.run(`update t set n = n + 1 where id = ${id}`);
  await client.rows(`select n from t where id = ${id}`);
  await client.run(round % 3 === 0 ? 'rollback' : 'commit');
});

const readView = kept(500, async (client) => {
  expectSame(await client.value('select sum(c) from mv'), String(ROWS));
});

const login: Round = async (port) => {
  await using client = await SqlClient.open({ port });
  expectSame(await client.value('select 1'), '1');
};

const makeView: Round = async (port, round) => {
  await using client = await SqlClient.open({ port, database: 'soak' });
  const name = `mv_${round % 7}`;
  await client.run(`create materialized view ${name} as select id, v from t where id >= ${round % ROWS}`);
  expectSame(await client.value(`select count(*) from ${name}`), String(ROWS - (round % ROWS)));
  expectSame((await client.error(`delete from ${name}`)).errno, 1288);
  await client.run(`refresh materialized view ${name}`);
  await client.run(`drop materialized view ${name}`);
};

const checkView: Round = async (port) => {
  await using client = await SqlClient.open({ port, database: 'soak' });
  await client.run('admin check materialized view mv');
};

const changeUser = kept(50, async (client) => {
  await client.changeUser({ database: 'soak' });
  expectSame(await client.value('select database()'), 'soak');
});

const kill: Round = async (port) => {
  await using killer = await SqlClient.open({ port });
  const victim = await SqlClient.open({ port });
  const asleep = victim.value('select sleep(30)').catch(messageOf);
  while (
    (await killer.value(`select count(*) from information_schema.processlist
    where id = ${victim.id} and info like 'select sleep%'`)) === '0'
  );
  await killer.run(`kill query ${victim.id}`);
  await asleep;
  // KILL QUERY also ends whatever TiDB is reading at that moment: if the statement has ended just before, the session.
  const next = await victim.value('select 2').catch(messageOf);
  expectSame(/^2$|Connection lost|ECONNRESET/.test(String(next)) || next, true);
  await killer.run(`kill ${victim.id}`);
  victim.abandon();
};

/** Each habit, how many have it, and the pause after each round in milliseconds. */
const HABITS: readonly (readonly [name: string, habit: () => Habit, users: number, pauseMs: number])[] = [
  ['select', select, 1, 10],
  ['prepared', prepared, 1, 25],
  ['transaction', transaction, 1, 60],
  ['read view', readView, 1, 60],
  ['login', fresh(login), 2, 80],
  ['pipeline', fresh(pipeline), 1, 300],
  ['several statements', fresh(severalStatements), 1, 200],
  ['big result', fresh(bigResult), 1, 1_500],
  ['load file', fresh(loadFile), 1, 1_000],
  ['abort', fresh(abort), 2, 150],
  ['change user', changeUser, 1, 400],
  ['kill', fresh(kill), 1, 1_500],
  ['make view', fresh(makeView), 1, 4_000],
  ['check view', fresh(checkView), 1, 20_000],
];

/** A load that runs. */
export class MixedLoad {
  readonly #stop = new AbortController();
  readonly #users: Promise<void>[] = [];
  readonly #idle: SqlClient[] = [];
  /** Rounds by habit. */
  readonly rounds = new Map<string, number>();
  readonly problems: string[] = [];

  /** @param pace - factor of all pauses. */
  static async start(port: number, pace: number): Promise<MixedLoad> {
    const load = new MixedLoad();
    // Every user waits for it in his pauses.
    setMaxListeners(0, load.#stop.signal);
    for (let i = 0; i < IDLE_CONNECTIONS; i++) load.#idle.push(await SqlClient.open({ port }));
    for (const [name, habit, users, pauseMs] of HABITS) {
      for (let i = 0; i < users; i++) load.#users.push(load.#live(name, habit(), port, pauseMs * pace));
    }
    return load;
  }

  /** Ends it: everybody goes round once more to the end, and every connection is closed. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#users);
    for (const client of this.#idle) await client.close();
  }

  async #live(name: string, { go, end }: Habit, port: number, pauseMs: number): Promise<void> {
    const { signal } = this.#stop;
    for (let round = 0; !signal.aborted; round++) {
      try {
        await go(port, round);
        this.rounds.set(name, (this.rounds.get(name) ?? 0) + 1);
      } catch (error) {
        if (this.problems.length < PROBLEMS_MAX)
          this.problems.push(`${name}, round ${round}: ${messageOf(error)}`);
      }
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
    await end?.();
  }
}
