/** Types of a relation's columns. */
import { assert, present, unreachable } from '../base/assert.js';
import { type FieldType, nullable } from '../codec/field-type.js';
import { typeOf } from './expression.js';
import type { NodeSpec } from './view-spec.js';

/** The types of the columns that a relation has. */
export function typesOfSpec(spec: NodeSpec): readonly FieldType[] {
  switch (spec.kind) {
    case 'source':
      return spec.columns.map(({ type }) => type);
    case 'filter':
      return typesOfSpec(spec.input);
    case 'project':
      return spec.items.map(typeOf);
    case 'join': {
      const left = typesOfSpec(spec.left);
      if (spec.type === 'semi' || spec.type === 'anti') return left;
      const right = typesOfSpec(spec.right);
      return [...left, ...(spec.type === 'left' ? right.map(nullable) : right)];
    }
    case 'aggregate': {
      const input = typesOfSpec(spec.input);
      const groups = spec.groups.map(({ index }) =>
        present(input[index], `no group column ${index} among ${input.length}`),
      );
      return [...groups, ...spec.aggregates.map(({ type }) => type)];
    }
    case 'unionAll': {
      const [first] = spec.inputs;
      assert(first !== undefined, 'a union of nothing');
      return typesOfSpec(first);
    }
    default:
      return unreachable(spec);
  }
}
