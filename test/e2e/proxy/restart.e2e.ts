// A rolling restart of both tidb-servers of a cluster under load. Whoever is idle or between transactions notices
// nothing; whoever is in a transaction moves at its end. Prints how long sessions stood still while they moved.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { concatBytes, utf8 } from '../../../src/base/bytes.js';
import { AnswerKind } from '../../../src/wire/answer-kind.js';
import { Command } from '../../../src/wire/command.js';
import { framePayload } from '../../../src/wire/packet-writer.js';
import { quantiles } from '../../bench/latencies.js';
import { startRig } from '../../support/rig.js';
import { until } from '../../support/settled.js';
import { SqlClient } from '../../support/sql-client.js';
import { startTiView } from '../../support/tiview.js';
import { clientOf, servingWorkers } from './fleet.js';
import { MoveRig } from './move-rig.js';
import { RawClient } from './raw-client.js';

const IDLE_SESSIONS = 40;
const BUSY_SESSIONS = 4;
const PIPELINED = 20;
/** Between two transactions of a busy session. */
const PAUSE_MS = 5;

/** A session that holds something of each kind, and is left alone. */
class IdleSession {
  readonly #client: SqlClient;
  readonly #number: number;

  private constructor(client: SqlClient, number: number) {
    this.#client = client;
    this.#number = number;
  }

  static async open(port: number, number: number): Promise<IdleSession> {
    const client = await SqlClient.open({ port });
    await client.runAll(
      'use restart',
      `set @mine = ${number}, tidb_mem_quota_query = ${1_000_000 + number}`,
      "prepare named from 'select ? + @mine'",
    );
    await client.execute('select v from t where id = ?', [1]);
    await client.run('insert into t (v) values (1)');
    return new IdleSession(client, number);
  }

  /** Throws if anything is missing. */
  async check(): Promise<void> {
    const [[insertId = null, ...rest] = []] = await this.#client.rows(
      'select last_insert_id(), @mine, @@tidb_mem_quota_query, database()',
    );
    expect(Number(insertId)).to.be.greaterThan(0);
    expect(rest).to.deep.equal([String(this.#number), String(1_000_000 + this.#number), 'restart']);
    await this.#client.run('set @a = 100');
    expect(await this.#client.value('execute named using @a')).to.equal(String(100 + this.#number));
    expect(await this.#client.execute('select v from t where id = ?', [1])).to.deep.equal([{ v: 1 }]);
    await this.#client.run('insert into t (v) values (1)');
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

/** Work that goes on until it is told to end; its failure is thrown by {@link Worker.stop}. */
class Worker {
  #isStopped = false;
  rounds = 0;
  readonly #done: Promise<void>;

  constructor(round: () => Promise<void>) {
    this.#done = this.#run(round);
    this.#done.catch(() => undefined);
  }

  stop(): Promise<void> {
    this.#isStopped = true;
    return this.#done;
  }

  async #run(round: () => Promise<void>): Promise<void> {
    while (!this.#isStopped) {
      await round();
      this.rounds++;
    }
  }
}

/** Transactions with prepared statements, with a pause between two of them. */
async function transactions(port: number): Promise<Worker> {
  const client = await SqlClient.open({ port, database: 'restart' });
  return new Worker(async () => {
    await client.run('begin');
    const before = Number(await client.value('select v from counters where id = 1 for update'));
    await client.execute('update counters set v = v + ? where id = ?', [1, 1]);
    expect(await client.execute('select v from counters where id = ?', [1])).to.deep.equal([
      { v: before + 1 },
    ]);
    await client.run('commit');
    await sleep(PAUSE_MS);
  });
}

/** Statements that are sent without waiting for answers. */
async function pipeline(port: number): Promise<Worker> {
  const client = await RawClient.login(port, 0, 'restart');
  const query = (sql: string): Uint8Array =>
    framePayload(0, concatBytes(Uint8Array.of(Command.query), utf8(sql)));
  const batch = concatBytes(
    ...Array.from({ length: PIPELINED }, (_, i) =>
      query(i % 5 === 0 ? 'begin' : i % 5 === 4 ? 'commit' : `do ${i}`),
    ),
  );
  return new Worker(async () => {
    client.socket.write(batch);
    const answers = await client.answers(Array.from({ length: PIPELINED }, () => AnswerKind.result));
    // OK packets, and nothing but these.
    expect(answers.length % PIPELINED).to.equal(0);
    expect(answers[4]).to.equal(0);
  });
}

describe('a rolling restart of tidb-servers', function () {
  this.timeout(300_000);
  let rig: MoveRig;

  before(async () => {
    rig = await MoveRig.start();
    await using control = await SqlClient.open({ port: rig.port });
    await control.runAll(
      'create database restart',
      'create table restart.t (id int primary key auto_increment, v int)',
      'insert into restart.t values (1, 1)',
      'create table restart.counters (id int primary key, v int)',
      'insert into restart.counters values (1, 0)',
    );
  });

  after(async () => {
    await rig[Symbol.asyncDispose]();
  });

  it('goes unnoticed', async () => {
    const { port } = rig;
    const idle = await Promise.all(
      Array.from({ length: IDLE_SESSIONS }, (_, number) => IdleSession.open(port, number)),
    );
    const busy = await Promise.all([
      ...Array.from({ length: BUSY_SESSIONS }, () => transactions(port)),
      pipeline(port),
    ]);
    for (const index of [0, 1] as const) {
      const open = await rig.sessionOn(index);
      await open.runAll('use restart', 'begin', 'insert into t (v) values (7)');
      const stopped = rig.stop(index);
      await rig.left(index, 1);
      // The transaction ends on the server where it began, and its session moves then.
      expect(await open.value('select @@port')).to.equal(String(rig.servers[index].mysqlPort));
      await open.run('commit');
      await rig.left(index);
      expect(await open.value('select @@port')).to.not.equal(String(rig.servers[index].mysqlPort));
      for (const session of idle) await session.check();
      await open.close();
      await stopped;
      await rig.restart(index);
      for (const session of idle) await session.check();
    }
    for (const worker of busy) await worker.stop();
    for (const worker of busy) expect(worker.rounds).to.be.greaterThan(10);
    await using control = await SqlClient.open({ port });
    const rounds = busy.slice(0, BUSY_SESSIONS).reduce((sum, worker) => sum + worker.rounds, 0);
    expect(await control.value('select v from restart.counters')).to.equal(String(rounds));
    const { p50, p99, max } = quantiles(rig.stoodStillMs);
    console.log(
      `      ${rig.stoodStillMs.length} sessions moved; they stood still for p50 ${p50}, p99 ${p99}, max ${max} ms`,
    );
    expect(rig.stoodStillMs.length).to.be.greaterThan(IDLE_SESSIONS);
    for (const session of idle) await session.close();
  });
});

describe('TiView before tidb-servers that restart', function () {
  this.timeout(300_000);

  /** @param workers - front-end processes: each finds the session, whichever has it. */
  async function expectCarried(workers: number): Promise<void> {
    await using cluster = await startRig({ tidb: false });
    const options = { join: cluster.pd, gracefulWaitS: 5 };
    await using first = await startRig(options);
    await using second = await startRig(options);
    await using tiview = await startTiView({
      ...{ tidbPort: first.mysqlPort, flags: ['--workers', String(workers)] },
    });
    await using client = await tiview.connect();
    await client.runAll(
      'create database shop',
      'use shop',
      'create table orders (id int primary key, price int)',
      'insert into orders values (1, 10), (2, 20)',
      'create materialized view total as select sum(price) as s from orders',
      "prepare listing from 'show materialized views'",
    );
    const began = await client.value('select @@port');
    const [stopping, staying] = began === String(first.mysqlPort) ? [first, second] : [second, first];
    const stopped = stopping.stop();
    await until(
      'the session has moved',
      15_000,
      async () => (await client.value('select @@port')) === String(staying.mysqlPort) || undefined,
    );
    await stopped;
    expect(await client.value('select s from total')).to.equal('30');
    expect(await client.rows('execute listing')).to.have.length(1);
    await client.run('create materialized view priciest as select max(price) as m from orders');
    expect(await client.value('select m from priciest')).to.equal('20');
    expect(await client.error('insert into total values (1)')).to.deep.include({ errno: 1288 });
    expect(await tiview.status())
      .to.have.nested.property('moves.moved')
      .that.is.greaterThan(0);

    const shown = await client.value('select connection_id()');
    expect(shown).to.not.equal(String(client.id));
    const killers: SqlClient[] = [];
    if (workers === 1) killers.push(await tiview.connect());
    else {
      for (const { pid } of await servingWorkers(tiview, workers)) killers.push(await clientOf(tiview, pid));
    }
    const kills = killers.flatMap((killer) => [String(client.id), shown].map((id) => ({ killer, id })));
    for (const { killer, id } of kills) {
      const sleeping = client.value('select sleep(60)');
      await until('the statement runs', 5_000, async () => {
        const running = `select count(*) from information_schema.processlist where id = ${shown} and info like 'select sleep%'`;
        return (await killer.value(running)) === '1' || undefined;
      });
      await killer.run(`kill query ${id}`);
      // TiDB's SLEEP has no error when it is killed, but another result.
      expect(await sleeping).to.equal('1');
    }
    for (const killer of killers) await killer.close();
  }

  it('has its views read and changed, and its clients killed by the ids that they know, after a move', () =>
    expectCarried(1));
  it('has so with several front ends', () => expectCarried(2));
});
