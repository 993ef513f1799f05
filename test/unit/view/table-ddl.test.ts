import { expect } from 'chai';
import { SqlError } from '../../../src/base/errors.js';
import type { DescribedColumn } from '../../../src/plan/describe.js';
import { DEFAULT_LEX_MODE } from '../../../src/sql/scan/lex-mode.js';
import { parseViewStatement } from '../../../src/sql/parse/view-statement-parser.js';
import { tableDdl } from '../../../src/view/table-ddl.js';

const ID: DescribedColumn = { name: 'id', type: 'bigint(20)', collation: undefined, isNotNull: false };
const NAME: DescribedColumn = {
  ...{ name: 'na`me', type: 'varchar(20)', collation: 'utf8mb4_general_ci', isNotNull: true },
};
const LONG: DescribedColumn = { ...NAME, name: 'long', type: 'varchar(20000)' };

function ddl(list: string, columns: readonly DescribedColumn[], keys: readonly (readonly number[])[] = []) {
  const statement = parseViewStatement(`CREATE MATERIALIZED VIEW v ${list} AS SELECT 1`, DEFAULT_LEX_MODE);
  if (statement.kind !== 'createView') throw new Error(statement.kind);
  return tableDdl({ columns, statement, keys });
}

function errno(list: string): number | undefined {
  try {
    ddl(list, [ID]);
    return undefined;
  } catch (error) {
    return error instanceof SqlError ? error.errno : 0;
  }
}

describe('table of a view', () => {
  it('has the columns as TiDB types them', () => {
    expect(ddl('', [ID, NAME])).to.equal(
      '(`id` bigint(20) NULL, ' +
        '`na``me` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL)',
    );
  });

  it('has the declared key before a derived one', () => {
    const derived = ddl('', [ID, NAME], [[0], [1]]);
    expect(derived).to.contain('`id` bigint(20) NOT NULL').and.to.contain('PRIMARY KEY (`id`) CLUSTERED');
    const declared = ddl('(id, `na``me`, PRIMARY KEY (`na``me`))', [ID, NAME], [[0]]);
    expect(declared).to.contain('PRIMARY KEY (`na``me`) CLUSTERED').and.to.contain('`id` bigint(20) NULL');
  });

  it('takes the first proven key that an index can hold', () => {
    const text: DescribedColumn = { ...NAME, name: 't', type: 'text' };
    expect(ddl('', [text, LONG, ID], [[0], [1], [2]])).to.contain('PRIMARY KEY (`id`)');
    expect(ddl('', [text], [[0]])).not.to.contain('PRIMARY KEY');
    const wide: DescribedColumn = { ...NAME, name: 'w', type: 'varchar(769)' };
    expect(ddl('', [wide], [[0]])).not.to.contain('PRIMARY KEY');
    expect(ddl('', [{ ...wide, type: 'varchar(768)' }], [[0]])).to.contain('PRIMARY KEY');
  });

  it('takes a text that is too long for VARCHAR for LONGTEXT', () => {
    expect(ddl('', [LONG])).to.contain('`long` longtext');
  });

  it('has the declared indexes and options', () => {
    const sql = ddl("(id, KEY (id DESC), UNIQUE KEY u (id)) COMMENT 'it''s' SHARD_ROW_ID_BITS = 4", [ID]);
    expect(sql).to.contain('KEY (`id` DESC)').and.to.contain('UNIQUE KEY `u` (`id`)');
    expect(sql).to.match(/\) COMMENT = 'it''s' SHARD_ROW_ID_BITS = 4$/);
    expect(ddl('SHARD_ROW_ID_BITS = 4', [ID], [[0]])).not.to.contain('SHARD');
  });

  it('refuses keys of columns that are not there, and two primary keys', () => {
    expect(errno('(id, PRIMARY KEY (nope))')).to.equal(1072);
    expect(errno('(id, KEY (nope))')).to.equal(1072);
    expect(errno('(id, PRIMARY KEY (id), PRIMARY KEY (id))')).to.equal(1068);
  });
});
