import { expect } from 'chai';
import { utf8 } from '../../../src/base/bytes.js';
import { killTarget } from '../../../src/proxy/kill-statement.js';
import { Command } from '../../../src/wire/command.js';
import { AnswerPrinter } from '../wire/answers.js';
import { RelayRig, STATUS } from './relay-rig.js';

const killed = (sql: string): number | undefined => {
  const bytes = utf8(`..${sql}..`);
  return killTarget(bytes, 2, bytes.length - 2)?.connectionId;
};

describe('a KILL statement', () => {
  it('names a connection', () => {
    for (const sql of [
      'KILL 5',
      'kill query 5',
      'Kill Connection 5;',
      ' KILL TIDB QUERY\n5 ; ',
      'kill tidb 5',
      '/* a tool */ KILL QUERY 5',
      '-- why\n# and\nKILL 5',
    ]) {
      expect(killed(sql), sql).to.equal(5);
    }
    expect(killed('KILL QUERY 3428843550')).to.equal(3428843550);
  });

  it('is nothing else', () => {
    for (const sql of [
      '',
      'kill',
      'KILL QUERY',
      'KILL QUERY five',
      'KILLED 5',
      'KILL 5 6',
      'SELECT 1; KILL 5',
      '/* KILL 5 */',
      '-- KILL 5',
      'KILL 99999999999999999999',
      'KILL CONNECTION_ID()',
      `/*${'x'.repeat(600)}*/ KILL 5`,
    ]) {
      expect(killed(sql), sql).to.equal(undefined);
    }
  });

  it('takes no time over what only begins like one', () => {
    for (const text of ['/*'.repeat(250), '/**/'.repeat(120), ' '.repeat(500), '-- \n'.repeat(120)]) {
      for (let i = 0; i < 100; i++) expect(killed(text)).to.equal(undefined);
    }
  });

  it('tells whether it is aimed at a statement only', () => {
    const isQuery = (sql: string): boolean | undefined => killTarget(utf8(sql), 0, sql.length)?.isQuery;
    expect(['KILL QUERY 5', 'kill tidb query 5', 'KILL 5', 'KILL CONNECTION 5'].map(isQuery)).to.deep.equal([
      ...[true, true, false, false],
    ]);
  });

  it('reaches what is answered here when TiDB has agreed, and not before', () => {
    const print = new AnswerPrinter(true);
    const rig = new RelayRig().query('KILL 12').query('KILL 13').query('KILL CONNECTION 14');
    expect(rig.interrupts).to.deep.equal([]);
    rig.server(print.begin().ok(STATUS).take());
    expect(rig.interrupts).to.deep.equal([[12, undefined]]);
    rig.server(print.begin().err(1095).take(), print.begin().ok(STATUS).take());
    expect(rig.interrupts).to.deep.equal([
      [12, undefined],
      [14, undefined],
    ]);
  });

  it('aimed at a statement that is answered here does not go to TiDB if it is by the same user', () => {
    const rig = new RelayRig();
    rig.hasOthers = true;
    rig.query('KILL QUERY 12');
    expect(rig.interrupts).to.deep.equal([[12, 'me']]);
    expect(rig.sentToBackend).to.have.length(0);
    expect(rig.sentToClient.subarray(0, 5).toString('hex')).to.equal('0700000100');
    rig.hasOthers = false;
    rig.query('KILL QUERY 13');
    expect(rig.sentToBackend.toString('latin1')).to.include('KILL QUERY 13');
  });

  it('is TiDB’s alone where the user has changed', () => {
    const rig = new RelayRig();
    rig.hasOthers = true;
    rig.command(Command.changeUser, 'other\0\0\0');
    rig.server(new AnswerPrinter(true).begin().ok(STATUS).take());
    rig.query('KILL QUERY 12');
    expect(rig.interrupts).to.deep.equal([]);
    expect(rig.sentToBackend.toString('latin1')).to.include('KILL QUERY 12');
  });
});
