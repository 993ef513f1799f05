import { expect } from 'chai';
import type { Connection } from 'mysql2/promise';
import { Workbench } from '../../support/plan/workbench.js';
import { type LocalRig, startLocalRig } from './local-rig.js';
import { SCENARIOS } from './relation-scenarios.js';

describe('plan/relations against TiDB', function () {
  this.timeout(180_000);
  let rig: LocalRig;
  let connection: Connection;

  before(async () => {
    rig = await startLocalRig();
    connection = await rig.connect('test');
  });

  after(async () => {
    await connection.end();
    await rig.stop();
  });

  for (const { title, tables, definitions, changes } of SCENARIOS) {
    it(title, async () => {
      const names: string[] = [];
      const bench = new Workbench(rig, connection, 'scenario', process.env['NO_CIRCUIT'] === undefined);
      for (const create of tables) {
        const name = /^create table (\w+)/.exec(create)?.[1] ?? '';
        names.push(name);
        await connection.query(`drop table if exists ${name}`);
        await connection.query(create);
        await bench.addTable(name);
      }
      for (const definition of definitions) await bench.addView(definition);
      expect(bench.refused, 'refused').deep.equal([]);
      await bench.check('empty');
      for (const change of changes) {
        await connection.query(change);
        await bench.check(`after ${change}`);
      }
      await bench.drop();
    });
  }
});
