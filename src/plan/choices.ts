/**
 * Where SQL leaves a choice (SURFACE §4): of strings that are equal but not the same any may stand for a group, or be
 * the least. Ours and TiDB's need not be the same one, so whoever compares a view with its definition must know which
 * columns show such a string, and no row may come or go by it: a definition whose rows depend on the choice is refused.
 */
import { unreachable } from '../base/assert.js';
import { isString } from '../codec/string-type.js';
import type { FieldType } from '../codec/field-type.js';
import { type ComparisonDomain, type RowExpression, typeOf } from '../dataflow/expression.js';
import type { AggregateSpec } from '../dataflow/view-spec.js';
import type { LogicalPlan } from './logical-plan.js';
import { columnTypes } from './plan-columns.js';
import { valueClassOf } from './typing/value-class.js';

/**
 * How a value may differ from TiDB's: - `none`: not at all; - `equal`: it is equal under its collation (of doubles: as a
 * number, but for the last digits of a sum); - `any`: it is computed from such a value.
 */
export type Choice = 'none' | 'equal' | 'any';

/** What a plan leaves open. */
export interface Choices {
  /** Of each column. */
  readonly columns: readonly Choice[];
  /** Whether rows come or go by a choice. */
  readonly isOpen: boolean;
}

/** What a plan leaves open. */
export function choicesOf(plan: LogicalPlan): Choices {
  switch (plan.kind) {
    case 'scan':
      return { columns: plan.columnIds.map(() => 'none'), isOpen: false };
    case 'filter': {
      const input = choicesOf(plan.input);
      return { ...input, isOpen: input.isOpen || choiceOf(plan.predicate, input.columns) !== 'none' };
    }
    case 'project': {
      const input = choicesOf(plan.input);
      return { ...input, columns: plan.items.map((item) => choiceOf(item, input.columns)) };
    }
    case 'join': {
      const [left, right] = [choicesOf(plan.left), choicesOf(plan.right)];
      const [leftTypes, rightTypes] = [columnTypes(plan.left), columnTypes(plan.right)];
      const both = [...left.columns, ...right.columns];
      const isOpen =
        left.isOpen ||
        right.isOpen ||
        (plan.residual !== undefined && choiceOf(plan.residual, both) !== 'none') ||
        plan.on.some(
          (pair) =>
            !isSettled(left.columns[pair.left], leftTypes[pair.left], pair.domain) ||
            !isSettled(right.columns[pair.right], rightTypes[pair.right], pair.domain),
        );
      return { columns: plan.type === 'semi' || plan.type === 'anti' ? left.columns : both, isOpen };
    }
    case 'aggregate': {
      const input = choicesOf(plan.input);
      const types = columnTypes(plan.input);
      const settles = (index: number, domain: ComparisonDomain): boolean =>
        isSettled(input.columns[index], types[index], domain);
      const isOpen =
        input.isOpen ||
        plan.groups.some(({ index, domain }) => !settles(index, domain)) ||
        plan.aggregates.some((spec) =>
          spec.operands.some((operand, i) => {
            const domain = spec.domains[i];
            return (
              domain === undefined ||
              !(countsRows(spec) ? isKnownNull(input.columns[operand]) : settles(operand, domain))
            );
          }),
        );
      const groups = plan.groups.map(({ index, domain }) => worse(input.columns[index], merges(domain)));
      const aggregates = plan.aggregates.map((spec) => aggregateChoice(spec, input.columns));
      return { columns: [...groups, ...aggregates], isOpen };
    }
    case 'unionAll': {
      const inputs = plan.inputs.map(choicesOf);
      const columns = plan.types.map((_, i) =>
        inputs.reduce<Choice>((worst, input) => worse(input.columns[i], worst), 'none'),
      );
      return { columns, isOpen: inputs.some(({ isOpen }) => isOpen) };
    }
    default:
      return unreachable(plan);
  }
}

function countsRows({ function: name, isDistinct }: AggregateSpec): boolean {
  return name === 'count' && !isDistinct;
}

/** Whether it is the same for all choices that a value is NULL. */
function isKnownNull(choice: Choice = 'none'): boolean {
  return choice !== 'any';
}

function aggregateChoice(spec: AggregateSpec, columns: readonly Choice[]): Choice {
  const [operand] = spec.operands;
  const [domain] = spec.domains;
  const own = operand === undefined ? 'none' : (columns[operand] ?? 'none');
  switch (spec.function) {
    case 'count':
      return 'none';
    case 'min':
    case 'max':
      return domain === undefined ? own : worse(own, merges(domain));
    case 'sum':
    case 'avg':
      return valueClassOf(spec.type) === 'real' ? worse(own, 'equal') : own;
    default:
      return unreachable(spec.function);
  }
}

/** What becomes of values that are the same in a domain. */
function merges(domain: ComparisonDomain): Choice {
  switch (domain.kind) {
    case 'string': {
      const isExact = ['binary', 'utf8mb4_0900_bin'].includes(domain.collation) || !domain.isNewCollation;
      return isExact ? 'none' : 'equal';
    }
    case 'real':
      // Zero has two signs.
      return 'equal';
    default:
      return 'none';
  }
}

/** Whether all choices of a value are the same in a domain. */
function isSettled(choice: Choice = 'none', type: FieldType | undefined, domain: ComparisonDomain): boolean {
  if (choice !== 'equal' || type === undefined) return choice === 'none';
  return domain.kind === 'string' ? isString(type) && type.collate === domain.collation : !isString(type);
}

function worse(a: Choice = 'none', b: Choice): Choice {
  if (a === 'any' || b === 'any') return 'any';
  return a === 'equal' || b === 'equal' ? 'equal' : 'none';
}

function choiceOf(expression: RowExpression, columns: readonly Choice[]): Choice {
  const worst = (operands: readonly RowExpression[]): Choice =>
    operands.reduce<Choice>((all, operand) => worse(choiceOf(operand, columns), all), 'none');
  const computed = (operands: readonly RowExpression[]): Choice =>
    worst(operands) === 'none' ? 'none' : 'any';
  const compared = (operands: readonly RowExpression[], domain: ComparisonDomain): Choice => {
    const isSame = operands.every((it) => isSettled(choiceOf(it, columns), typeOf(it), domain));
    return isSame ? 'none' : 'any';
  };
  switch (expression.kind) {
    case 'column':
      return columns[expression.index] ?? 'none';
    case 'constant':
      return 'none';
    case 'compare':
      return compared([expression.left, expression.right], expression.domain);
    case 'in':
      return compared([expression.operand], expression.domain);
    case 'isNull':
      return choiceOf(expression.operand, columns) === 'any' ? 'any' : 'none';
    case 'like':
    case 'isTruth':
    case 'not':
    case 'cast':
      return computed([expression.operand]);
    case 'and':
    case 'or':
    case 'xor':
      return computed(expression.operands);
    case 'call':
      return expression.function === 'coalesce' ? worst(expression.operands) : computed(expression.operands);
    case 'case': {
      const { branches, otherwise } = expression;
      const isDecided = worst(branches.map(({ when }) => when)) === 'none';
      return isDecided ? worst([otherwise, ...branches.map(({ then }) => then)]) : 'any';
    }
    default:
      return unreachable(expression);
  }
}
