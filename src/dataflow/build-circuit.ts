/**
 * Makes circuits from descriptions. Neighbouring filters and projections become one operator; a join reads
 * arrangements of its inputs and gives only the columns that are used of it; whatever computes the same is there once.
 */
import { assert, present, unreachable } from '../base/assert.js';
import type { FieldType } from '../codec/field-type.js';
import type { Ts } from '../codec/tso.js';
import { Circuit } from './circuit.js';
import type { RowExpression } from './expression.js';
import { columnsUsed, mapColumns } from './expression-columns.js';
import type { Edge, Node } from './node.js';
import type { Operator } from './operator.js';
import { AggregateOperator } from './operators/aggregate-operator.js';
import { ArrangeOperator, type ArrangedColumn } from './operators/arrange-operator.js';
import { ChainOperator } from './operators/chain-operator.js';
import { JoinOperator } from './operators/join-operator.js';
import { OutputOperator } from './operators/output-operator.js';
import { UnionOperator } from './operators/union-operator.js';
import { type RowProgram, identityProgram, thenFilter, thenProject } from './row-program.js';
import { signatureOf } from './spec-signature.js';
import { typesOfSpec } from './spec-types.js';
import { keyColumnCodec } from './state/key-columns.js';
import type { JoinSpec, NodeSpec, ViewId, ViewSpec } from './view-spec.js';

/**
 * A circuit of some views, without any row in it.
 *
 * @param upper - where it begins: its first epoch's input is what changed after that.
 */
export function buildCircuit(views: readonly ViewSpec[], upper: Ts): Circuit {
  const builder = new GraphBuilder();
  const outputs = new Map<ViewId, Node>();
  for (const { viewId, hasKey, root } of views) {
    const inputs = [builder.edgeOf(root)];
    outputs.set(viewId, { operator: new OutputOperator(hasKey), inputs, signature: undefined });
  }
  return new Circuit(upper, outputs);
}

class GraphBuilder {
  /** By signature. */
  readonly #nodes = new Map<string, Node>();

  /** What gives a relation's rows. */
  edgeOf(spec: NodeSpec): Edge {
    switch (spec.kind) {
      case 'source':
        return { kind: 'source', table: spec.table, columns: spec.columns };
      case 'filter':
      case 'project':
        return this.#chain(spec);
      case 'join':
        return this.#join(spec, [...typesOfSpec(spec).keys()]);
      case 'aggregate':
        return this.#node(signatureOf(spec), [spec.input], () => {
          return new AggregateOperator(spec, typesOfSpec(spec.input));
        });
      case 'unionAll':
        return this.#node(signatureOf(spec), spec.inputs, () => new UnionOperator(typesOfSpec(spec)));
      default:
        return unreachable(spec);
    }
  }

  /** The filters and projections from a node down to the first that is neither, fused. */
  #chain(spec: NodeSpec): Edge {
    const { program, input } = chainOf(spec);
    const signature = signatureOf(spec);
    if (input.kind !== 'join') return this.#node(signature, [input], () => new ChainOperator(program));
    const used = usedColumns(program);
    const join = this.#join(input, used);
    return this.#nodeOver(signature, [join], () => new ChainOperator(overColumns(program, used)));
  }

  /** @param columns - which of its columns are wanted. */
  #join(spec: JoinSpec, columns: readonly number[]): Edge {
    const left = typesOfSpec(spec.left);
    const right = typesOfSpec(spec.right);
    const [leftKey, rightKey] = keysOf(spec, left, right);
    const inputs = [
      this.#arrangement(spec.left, left, leftKey),
      this.#arrangement(spec.right, right, rightKey),
    ];
    const { type, residual } = spec;
    const signature = `${signatureOf(columns)} of ${signatureOf(spec)}`;
    return this.#nodeOver(
      signature,
      inputs,
      () => new JoinOperator({ type, left, right, residual, columns }),
    );
  }

  #arrangement(input: NodeSpec, types: readonly FieldType[], key: readonly ArrangedColumn[]): Edge {
    const by = key.map(({ index, codec, isRequired }) => ({
      index,
      shape: codec.shape,
      isRequired,
      by: codec.name,
    }));
    const signature = `${signatureOf(input)} by ${signatureOf(by)}`;
    return this.#node(signature, [input], () => new ArrangeOperator(types, key));
  }

  #node(signature: string, inputs: readonly NodeSpec[], make: () => Operator): Edge {
    const known = this.#nodes.get(signature);
    if (known !== undefined) return { kind: 'node', node: known };
    return this.#nodeOver(
      signature,
      inputs.map((input) => this.edgeOf(input)),
      make,
    );
  }

  #nodeOver(signature: string, inputs: readonly Edge[], make: () => Operator): Edge {
    const known = this.#nodes.get(signature);
    const node = known ?? { operator: make(), inputs, signature };
    this.#nodes.set(signature, node);
    return { kind: 'node', node };
  }
}

function chainOf(spec: NodeSpec): { readonly program: RowProgram; readonly input: NodeSpec } {
  switch (spec.kind) {
    case 'filter': {
      const { program, input } = chainOf(spec.input);
      return { program: thenFilter(program, spec.predicate), input };
    }
    case 'project': {
      const { program, input } = chainOf(spec.input);
      return { program: thenProject(program, spec.items), input };
    }
    default:
      return { program: identityProgram(typesOfSpec(spec)), input: spec };
  }
}

/** The columns that a program reads, in ascending order. */
function usedColumns({ predicate, items }: RowProgram): readonly number[] {
  const expressions = predicate === undefined ? items : [predicate, ...items];
  const used = new Set(expressions.flatMap((expression) => [...columnsUsed(expression)]));
  return [...used].sort((a, b) => a - b);
}

/** The program for an input that has only some of the columns. */
function overColumns({ input, predicate, items }: RowProgram, columns: readonly number[]): RowProgram {
  const places = new Map(columns.map((column, place) => [column, place]));
  const moved = (expression: RowExpression): RowExpression =>
    mapColumns(expression, (column) => {
      return { ...column, index: present(places.get(column.index), `column ${column.index} is not there`) };
    });
  return {
    input: columns.map((column) => present(input[column], `no column ${column}`)),
    predicate: predicate === undefined ? undefined : moved(predicate),
    items: items.map(moved),
  };
}

/** How both sides of a join are arranged. */
function keysOf(
  { on }: JoinSpec,
  left: readonly FieldType[],
  right: readonly FieldType[],
): readonly [readonly ArrangedColumn[], readonly ArrangedColumn[]] {
  const typesOf = on.map((pair) => {
    const [leftType, rightType] = [left[pair.left], right[pair.right]];
    assert(leftType !== undefined, `no left column ${pair.left} to join`);
    assert(rightType !== undefined, `no right column ${pair.right} to join`);
    return { leftType, rightType };
  });
  const leftKey = on.map(({ left: index, domain, isNullSafe }, i): ArrangedColumn => {
    const { leftType, rightType } = typesOf[i]!;
    return { index, codec: keyColumnCodec(leftType, domain, [rightType]), isRequired: !isNullSafe };
  });
  const rightKey = on.map(({ right: index, domain, isNullSafe }, i): ArrangedColumn => {
    const { leftType, rightType } = typesOf[i]!;
    return { index, codec: keyColumnCodec(rightType, domain, [leftType]), isRequired: !isNullSafe };
  });
  return [leftKey, rightKey];
}
