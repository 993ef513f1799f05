import { expect } from 'chai';
import { utf8 } from '../../../../src/base/bytes.js';
import type { FieldType } from '../../../../src/codec/field-type.js';
import { MysqlType } from '../../../../src/codec/field-type.js';
import { sortRows } from '../../../../src/embedded/sql/order-rows.js';
import { SchemaGate } from '../../../../src/embedded/sql/schema-gate.js';
import { momentText } from '../../../../src/embedded/sql/session-functions.js';
import {
  filledIn,
  readParameters,
  splitAtParameters,
} from '../../../../src/embedded/sql/statement-parameters.js';
import { SessionVariables, serverVariables, zoneMinutes } from '../../../../src/embedded/sql/variables.js';
import { DEFAULT_LEX_MODE } from '../../../../src/sql/scan/lex-mode.js';

const TEXT: FieldType = {
  tp: MysqlType.varchar,
  flag: 0,
  flen: 10,
  decimal: 0,
  charset: 'utf8mb4',
  collate: 'utf8mb4_general_ci',
  elems: [],
};

describe('embedded/sql/order-rows', () => {
  it('puts NULLs first, minds collations, and keeps what is equal in its place', () => {
    const rows = ['b', 'A', null, 'a', 'B'].map((text, i) => [text === null ? null : utf8(text), BigInt(i)]);
    const places = (isDescending: boolean): bigint[] =>
      sortRows(rows, [{ place: 0, type: TEXT, isDescending }]).map((row) => row[1] as bigint);
    expect(places(false)).to.deep.equal([2n, 1n, 3n, 0n, 4n]);
    expect(places(true)).to.deep.equal([0n, 4n, 1n, 3n, 2n]);
  });
});

describe('embedded/sql/statement-parameters', () => {
  it('finds question marks that are parameters', () => {
    const parts = splitAtParameters("select ?, '?', `?` /* ? */ from t where a = ?", DEFAULT_LEX_MODE);
    expect(parts).to.deep.equal(['select ', ", '?', `?` /* ? */ from t where a = ", '']);
    expect(filledIn(parts, ['1', "'x'"])).to.equal("select  1 , '?', `?` /* ? */ from t where a =  'x' ");
  });

  it('reads values, remembers types, and takes long data', () => {
    const payload = Uint8Array.of(
      0b0010,
      1,
      0x08,
      0x80,
      0xfd,
      0,
      0x01,
      0,
      ...[255, 255, 255, 255, 255, 255, 255, 255],
      200,
    );
    const first = readParameters(payload, 3, undefined, new Map());
    expect(first.literals).to.deep.equal(['18446744073709551615', 'NULL', '-56']);
    const again = Uint8Array.of(0, 0, ...[1, 0, 0, 0, 0, 0, 0, 0], 7);
    const long = new Map([[1, utf8("it's")]]);
    expect(readParameters(again, 3, first.types, long).literals).to.deep.equal(['1', "'it''s'", '7']);
    expect(() => readParameters(again, 3, undefined, long)).to.throw('no types');
  });
});

describe('embedded/sql/variables', () => {
  it('has sessions change their own, and GLOBAL those of all', () => {
    const server = serverVariables();
    const [one, other] = [new SessionVariables(server), new SessionVariables(server)];
    one.set('autocommit', '0', false);
    one.set('max_execution_time', '5', true);
    expect([one.isOn('autocommit'), other.isOn('autocommit')]).to.deep.equal([false, true]);
    expect(other.get('max_execution_time')).to.equal('5');
    one.set('tx_isolation', 'READ-COMMITTED', false);
    expect(one.get('transaction_isolation')).to.equal('READ-COMMITTED');
    one.reset();
    expect(one.isOn('autocommit')).to.equal(true);
  });

  it('refuses what TiDB refuses', () => {
    const variables = new SessionVariables(serverVariables());
    for (const [name, value, errno] of [
      ['nosuch', '1', 1193],
      ['version', 'x', 1238],
      ['autocommit', 'maybe', 1231],
      ['time_zone', 'Mars', 1298],
      ['collation_connection', 'nosuch', 1273],
    ] as const)
      expect(() => variables.set(name, value, false), name)
        .to.throw()
        .with.property('errno', errno);
  });

  it('knows offsets', () => {
    expect(['SYSTEM', '+08:00', '-3:30'].map(zoneMinutes)).to.deep.equal([0, 480, -210]);
    expect(momentText(1_704_067_199_987n, 60, 3)).to.equal('2024-01-01 00:59:59.987');
  });
});

describe('embedded/sql/schema-gate', () => {
  it('lets commits run beside each other, and a change alone', async () => {
    const gate = new SchemaGate();
    const log: string[] = [];
    const ends: (() => void)[] = [];
    const work = (name: string) => async (): Promise<void> => {
      log.push(`${name} begins`);
      await new Promise<void>((resolve) => ends.push(resolve));
      log.push(`${name} ends`);
    };
    const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    const all = [gate.commit(work('a')), gate.commit(work('b'))];
    await settle();
    all.push(gate.change(work('change')));
    await settle();
    all.push(gate.commit(work('c')));
    await settle();
    expect(log).to.deep.equal(['a begins', 'b begins']);
    for (let i = 0; i < 4; i++) {
      ends.shift()?.();
      await settle();
    }
    await Promise.all(all);
    expect(log).to.deep.equal([
      'a begins',
      'b begins',
      'a ends',
      'b ends',
      'change begins',
      'change ends',
      'c begins',
      'c ends',
    ]);
  });

  it('goes on after what fails', async () => {
    const gate = new SchemaGate();
    const failed = await gate.change(() => Promise.reject(new Error('no'))).catch((error: unknown) => error);
    expect(failed).to.be.instanceOf(Error);
    let isDone = false;
    await gate.commit(() => {
      isDone = true;
      return Promise.resolve();
    });
    expect(isDone).to.equal(true);
  });
});
