/**
 * TiDB as the front half of the compiler (ARCHITECTURE, second story): a select's canonical text and column types,
 * taken from a throw-away view that the control account creates, describes and drops.
 *
 * Types come from `SHOW FULL COLUMNS` of that view, with the scale of computed decimals corrected by the metadata of
 * `SELECT … LIMIT 0`, where alone it is right (TRUTH §8); `information_schema.columns` is unusable for views.
 */
import { SqlError } from '../base/errors.js';
import type { DescribedColumn, Description, PinnedContext, SelectDescriber } from '../plan/describe.js';
import type { ControlPool, ControlRow, ControlSession } from './control-pool.js';
import { pinnedAssignments } from './pinned-session.js';
import { printName, printString } from '../sql/parse/print-text.js';

const MYSQL_TYPE_NEWDECIMAL = 246;

/** Describes selects through the control account. */
export class Describer implements SelectDescriber {
  readonly #control: ControlPool;
  readonly #schema: string;
  readonly #uniqueName: () => string;

  /** @param uniqueName - a name for the throw-away view, never given twice. */
  constructor(control: ControlPool, schema: string, uniqueName: () => string) {
    this.#control = control;
    this.#schema = schema;
    this.#uniqueName = uniqueName;
  }

  /**
   * Describes a select as the session of the view's creator would understand it.
   *
   * @throws SqlError — TiDB's own, as for `CREATE VIEW`.
   */
  describe(select: string, pinned: PinnedContext, signal: AbortSignal): Promise<Description> {
    return this.#control.session(async (session) => {
      await session.set(pinnedAssignments(pinned));
      if (pinned.database !== undefined) await session.query(`USE ${printName(pinned.database)}`);
      const name = this.#uniqueName();
      const view = `${printName(this.#schema)}.${printName(name)}`;
      await session.query(`CREATE VIEW ${view} AS ${select}`);
      try {
        return await this.#read(session, name, view);
      } finally {
        await session.query(`DROP VIEW IF EXISTS ${view}`);
      }
    }, signal);
  }

  /**
   * Checks that TiDB understands `printed` exactly as it understands `canonical`: the same plan.
   *
   * @throws SqlError — when it does not.
   */
  sameMeaning(canonical: string, printed: string, pinned: PinnedContext, signal: AbortSignal): Promise<void> {
    return this.#control.session(async (session) => {
      await session.set(pinnedAssignments(pinned));
      const plans: string[] = [];
      for (const select of [canonical, printed]) {
        const rows = await session.query(`EXPLAIN FORMAT = 'brief' ${select}`);
        plans.push(JSON.stringify(rows));
      }
      if (plans[0] !== plans[1]) {
        throw new SqlError(
          1105,
          'HY000',
          'TiView and TiDB read this definition differently; please report it',
        );
      }
    }, signal);
  }

  /** How many rows a select gives, as TiDB's optimizer thinks; undefined: it does not say. */
  estimatedRows(select: string, pinned: PinnedContext, signal: AbortSignal): Promise<number | undefined> {
    return this.#control.session(async (session) => {
      await session.set(pinnedAssignments(pinned));
      const [root] = await session.query(`EXPLAIN FORMAT = 'brief' ${select}`);
      const rows = Number(root?.['estRows'] ?? Number.NaN);
      return Number.isFinite(rows) ? Math.round(rows) : undefined;
    }, signal);
  }

  async #read(session: ControlSession, name: string, view: string): Promise<Description> {
    const [definition] = await session.query(
      'SELECT view_definition AS text FROM information_schema.views ' +
        `WHERE table_schema = ${printString(this.#schema)} AND table_name = ${printString(name)}`,
    );
    const shown = await session.query(`SHOW FULL COLUMNS FROM ${view}`);
    const { fields } = await session.describe(`SELECT * FROM ${view} LIMIT 0`);
    const columns = shown.map((row, index) => describedColumn(row, fields[index]));
    return { canonical: definition?.['text'] ?? '', columns };
  }
}

interface Field {
  readonly columnType?: number;
  readonly decimals?: number;
  readonly columnLength?: number;
}

function describedColumn(row: ControlRow, field: Field | undefined): DescribedColumn {
  return {
    name: row['Field'] ?? '',
    type: correctedType(row['Type'] ?? '', field),
    collation: row['Collation'] ?? undefined,
    isNotNull: row['Null'] === 'NO',
  };
}

/** `SHOW FULL COLUMNS` tells the argument's type for AVG and `/`; the result's metadata tells the value's. */
function correctedType(shown: string, field: Field | undefined): string {
  if (field?.columnType !== MYSQL_TYPE_NEWDECIMAL) return shown;
  const scale = field.decimals ?? 0;
  const precision = (field.columnLength ?? 0) - (scale > 0 ? 2 : 1);
  const modifiers = /^decimal\(\d+,\d+\)(.*)$/.exec(shown)?.[1] ?? '';
  return `decimal(${Math.min(65, precision)},${scale})${modifiers}`;
}
