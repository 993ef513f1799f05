/**
 * The whole program, with a cluster of its own behind it, among clients that do everything wrong: what they send reaches
 * real gates, real views and a real front end. Seconds: TIVIEW_FUZZ_SECONDS; SEED repeats a run.
 */
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { messageOf } from '../../../src/base/errors.js';
import { projectRoot } from '../../support/project-root.js';
import { Random } from '../../support/random.js';
import { report, seedOf } from '../../support/seed.js';
import type { SqlClient } from '../../support/sql-client.js';
import { type TiView, startTiView } from '../../support/tiview.js';
import { playClient } from './fuzz-client.js';
import { mutated } from './mutate.js';
import { type Scenario, printScenario, readScenarios } from './scenario.js';

const seconds = Number(process.env['TIVIEW_FUZZ_SECONDS'] ?? 15);
const CLIENTS = 6;
/** A session whose client sends no more may go on for a minute. */
const END_MS = 75_000;
const NEIGHBOUR_MS = 20_000;

describe('TiView among fuzzers', function () {
  this.timeout((seconds + 240) * 1000);
  let tiview: TiView;
  let neighbour: SqlClient;

  before(async () => {
    tiview = await startTiView({});
    neighbour = await tiview.connect();
    await neighbour.runAll(
      'create database fuzz',
      'create table fuzz.t (id int primary key, v varchar(100))',
      "insert into fuzz.t values (1, 'a'), (2, 'b')",
      'create materialized view fuzz.mv as select id, v from fuzz.t where id > 1',
    );
  });

  after(async () => {
    await neighbour.close();
    await tiview.stop();
  });

  it(`bears ${seconds} seconds of clients that it has never seen`, async () => {
    const corpus = readScenarios(join(projectRoot(), 'test/e2e/fuzz/corpus'));
    const random = new Random(seedOf('fuzz'));
    const until = performance.now() + seconds * 1000;
    let count = 0;
    let slowestMs = 0;
    const recent: Scenario[] = [];
    const client = async (): Promise<void> => {
      while (performance.now() < until) {
        const found = mutated(corpus, random);
        // Nobody waits for a deadline of ten seconds here; the tests of the proxy alone have a faster clock.
        const clientEnd = found.options.clientEnd === 'silence' ? 'end' : found.options.clientEnd;
        const scenario = { ...found, server: [], options: { ...found.options, clientEnd, tls: false } };
        recent.unshift(scenario);
        recent.length = Math.min(recent.length, CLIENTS * 2);
        await playClient(tiview.port, scenario, END_MS);
        count++;
      }
    };
    const ask = async (): Promise<void> => {
      while (performance.now() < until) {
        const sentMs = performance.now();
        const answer = await Promise.race([neighbour.value('select 1'), sleep(NEIGHBOUR_MS, 'nothing')]);
        if (answer !== '1') throw new Error(`a neighbour got ${String(answer)}`);
        slowestMs = Math.max(slowestMs, performance.now() - sentMs);
        await sleep(25);
      }
    };
    await Promise.all([ask(), ...Array.from({ length: CLIENTS }, client)]).catch((error: unknown) => {
      const path = join(tmpdir(), `tiview-fuzz-${process.pid}.session`);
      writeFileSync(path, recent.map(printScenario).join('\n'));
      throw new Error(`${messageOf(error)}\n${tiview.log.slice(-2000)}\nthe last sessions: ${path}`);
    });
    report(`${count} sessions; a neighbour waited ${slowestMs.toFixed(0)} ms at most`);
    const connections = async (): Promise<number> =>
      ((await tiview.status()) as { connections: number }).connections;
    for (let i = 0; i < 100 && (await connections()) > 1; i++) await sleep(100);
    expect(await connections()).to.equal(1);
    expect(tiview.pid).not.to.equal(undefined);
  });
});
