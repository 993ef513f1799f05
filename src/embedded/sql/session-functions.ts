/** Functions of the session, and variables: literals take their place before a query is planned. */
import { dateOfDay, formatDatetime, packTime, shiftMinutes, unpackTime } from '../../codec/packed-time.js';
import type { Datum } from '../../codec/datum.js';
import { FieldFlag, type FieldType, MysqlType } from '../../codec/field-type.js';
import type { Constant } from '../../dataflow/expression.js';
import type { OutputColumn } from '../../plan/logical-plan.js';
import {
  NULL_CONSTANT,
  numberConstant,
  plainType,
  stringConstant,
  timeConstant,
} from '../../plan/typing/literal.js';
import type { Binary, Call, Expression, InList, Like, Query, Select } from '../../sql/ast/select.js';
import { kindOf, mapChildren } from './map-tree.js';
import type { ResultTable } from './relation-table.js';
import { SERVER_VERSION, type SessionVariables, shownValue } from './variables.js';

/** What they are functions of. */
export interface SessionFacts {
  readonly database: string | undefined;
  readonly connectionId: number;
  readonly lastInsertId: bigint;
  readonly rowCount: bigint;
  readonly foundRows: bigint;
  readonly variables: SessionVariables;
  /** By PD's clock, milliseconds since 1970. */
  readonly nowMs: bigint;
  readonly offsetMinutes: number;
}

/** A query with the session's values in it. */
export interface FilledQuery {
  readonly query: Query;
  /** The row that selects without FROM read: values that are no literals for the planner, which refuses to compare those. */
  readonly dual: ResultTable;
}

/** Puts in what only the session knows. @throws SqlError 1193 */
export function withSessionValues(query: Query, facts: SessionFacts): FilledQuery {
  const columns: OutputColumn[] = [{ name: '#', type: FLAG_TYPE }];
  const row: Datum[] = [1n];
  /** A literal as a column of the one row. */
  const hoisted = (literal: Expression): Expression => {
    const constant = constantOf(literal);
    if (constant === undefined) return literal;
    const name = `#${columns.length}`;
    columns.push({ name, type: constant.type });
    row.push(constant.value);
    return { kind: 'column', span: literal.span, database: undefined, table: undefined, name };
  };
  const visit = (node: unknown, isTableless: boolean): unknown => {
    const kind = kindOf(node);
    const inTableless = kind === 'select' ? (node as Select).from === undefined : isTableless;
    const inner = mapChildren(node, (child) => visit(child, inTableless));
    if (kind === 'call') {
      const call = inner as Call;
      const value = call.schema === undefined ? valueOf(call, facts) : undefined;
      if (value !== undefined) return inTableless ? hoisted(value) : value;
    }
    return inTableless ? withoutLiteralLeft(inner, hoisted) : inner;
  };
  return { query: visit(query, false) as Query, dual: { columns, rows: [row] } };
}

const FLAG_TYPE: FieldType = plainType(MysqlType.longlong, 1, 0, FieldFlag.notNull);
const COMPARISONS: ReadonlySet<string> = new Set(['=', '<=>', '!=', '<', '<=', '>', '>=']);

/** A comparison of two literals: one of them becomes a column, of a string and a number the number. */
function withoutLiteralLeft(node: unknown, hoisted: (literal: Expression) => Expression): unknown {
  const kind = kindOf(node);
  if (kind === 'binary') {
    const binary = node as Binary;
    const { left, right } = binary;
    if (!COMPARISONS.has(binary.operator)) return node;
    if (left.kind === 'string' && right.kind === 'number') return { ...binary, right: hoisted(right) };
    const isHoisted = left.kind === 'string' || (left.kind === 'number' && right.kind === 'string');
    return isHoisted ? { ...binary, left: hoisted(left) } : node;
  }
  if (kind !== 'like' && kind !== 'inList') return node;
  const test = node as Like | InList;
  return test.operand.kind === 'string' ? { ...test, operand: hoisted(test.operand) } : node;
}

function constantOf(literal: Expression): Constant | undefined {
  switch (literal.kind) {
    case 'number':
      return numberConstant(literal);
    case 'string':
      return stringConstant(literal);
    case 'time':
      return timeConstant(literal);
    case 'null':
      return {
        ...NULL_CONSTANT,
        type: { ...FLAG_TYPE, tp: MysqlType.varString, flag: 0, charset: 'utf8mb4', collate: 'utf8mb4_bin' },
      };
    default:
      return undefined;
  }
}

function valueOf(call: Call, facts: SessionFacts): Expression | undefined {
  const { span, name, args } = call;
  const text = (value: string | null | undefined): Expression =>
    value === null || value === undefined
      ? { kind: 'null', span }
      : { kind: 'string', span, value, charset: undefined };
  const number = (value: bigint | number): Expression => ({
    kind: 'number',
    span,
    form: 'integer',
    text: String(value),
  });
  if (name.startsWith('@')) {
    const value = variableOf(name, facts);
    if (value === null || !/^\d{1,19}$/.test(value)) return text(value);
    return number(BigInt(value));
  }
  const moment = (minutes: number): string => momentText(facts.nowMs, minutes, precisionOf(args[0]));
  switch (name) {
    case 'DATABASE':
    case 'SCHEMA':
      return text(facts.database);
    case 'USER':
    case 'SESSION_USER':
    case 'SYSTEM_USER':
    case 'CURRENT_USER':
      return text('root@%');
    case 'CURRENT_ROLE':
      return text('NONE');
    case 'VERSION':
      return text(SERVER_VERSION);
    case 'TIDB_VERSION':
      return text(`Release Version: ${SERVER_VERSION}`);
    case 'CONNECTION_ID':
      return number(facts.connectionId);
    case 'LAST_INSERT_ID':
      return args.length === 0 ? number(facts.lastInsertId) : undefined;
    case 'ROW_COUNT':
      return number(facts.rowCount);
    case 'FOUND_ROWS':
      return number(facts.foundRows);
    case 'NOW':
    case 'CURRENT_TIMESTAMP':
    case 'LOCALTIME':
    case 'LOCALTIMESTAMP':
    case 'SYSDATE':
      return { kind: 'time', span, form: 'TIMESTAMP', value: moment(facts.offsetMinutes) };
    case 'UTC_TIMESTAMP':
      return { kind: 'time', span, form: 'TIMESTAMP', value: moment(0) };
    case 'CURDATE':
    case 'CURRENT_DATE':
      return { kind: 'time', span, form: 'DATE', value: moment(facts.offsetMinutes).slice(0, 10) };
    case 'CURTIME':
    case 'CURRENT_TIME':
      return { kind: 'time', span, form: 'TIME', value: moment(facts.offsetMinutes).slice(11) };
    case 'UNIX_TIMESTAMP':
      return args.length === 0 ? number(facts.nowMs / 1000n) : undefined;
    default:
      return undefined;
  }
}

function precisionOf(argument: Expression | undefined): number {
  return argument?.kind === 'number' ? Math.min(Number(argument.text), 6) : 0;
}

function variableOf(name: string, { variables, nowMs, lastInsertId }: SessionFacts): string | null {
  if (!name.startsWith('@@')) return variables.user(name.slice(1));
  const isGlobal = name.startsWith('@@GLOBAL.');
  const bare = name.slice(isGlobal ? '@@GLOBAL.'.length : 2);
  switch (bare) {
    case 'last_insert_id':
    case 'identity':
      return lastInsertId.toString();
    case 'warning_count':
    case 'error_count':
      return '0';
    case 'timestamp':
      return `${nowMs / 1000n}.${String(nowMs % 1000n).padStart(3, '0')}`;
    default:
      return shownValue(bare, variables.get(bare, isGlobal));
  }
}

/** A moment as the clock shows it so many minutes east of Greenwich. */
export function momentText(ms: bigint, offsetMinutes: number, fsp: number): string {
  return formatDatetime(unpackTime(packedMoment(ms, offsetMinutes)), fsp);
}

/** The same, packed, to the microsecond. */
export function packedMoment(ms: bigint, offsetMinutes: number): bigint {
  const date = dateOfDay(Number(ms / 86_400_000n));
  const rest = Number(ms % 86_400_000n);
  const utc = {
    ...date,
    hour: Math.floor(rest / 3_600_000),
    minute: Math.floor(rest / 60_000) % 60,
    second: Math.floor(rest / 1000) % 60,
    microsecond: (rest % 1000) * 1000,
  };
  return packTime(shiftMinutes(utc, offsetMinutes));
}
