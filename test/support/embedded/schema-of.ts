/** A schema made of CREATE TABLE statements, without a cluster. */
import type { SchemaTable } from '../../../src/embedded/sql/schema.js';
import { Schema } from '../../../src/embedded/sql/schema.js';
import { tableOf } from '../../../src/embedded/sql/create-table.js';
import { versionOf } from '../../../src/embedded/sql/schema-writer.js';
import { parseStatement } from '../../../src/sql/parse/statement-parser.js';
import { DEFAULT_LEX_MODE } from '../../../src/sql/scan/lex-mode.js';

const CHARSET = { charset: 'utf8mb4', collate: 'utf8mb4_bin' };

/** A database of that name with these tables. */
export function schemaOf(name: string, statements: readonly string[]): Schema {
  const info = {
    id: 1,
    name: { original: name, lower: name.toLowerCase() },
    ...CHARSET,
    state: 'public' as const,
  };
  const tables = statements.map((sql, i): [string, SchemaTable] => {
    const statement = parseStatement(sql, DEFAULT_LEX_MODE);
    if (statement.kind !== 'createTable') throw new Error(sql);
    const stored = tableOf(statement, { id: i + 10, charset: CHARSET, offsetMinutes: 0, updateTimestamp: 1 });
    return [stored.name.L, { database: info, stored, version: versionOf(stored, info.id) }];
  });
  return new Schema(1n, new Map([[info.name.lower, { info, tables: new Map(tables) }]]));
}
