/**
 * Inner joins as one group of relations and tests. Inner joins can be done in any order, and the order written may join
 * what nothing connects (`FROM a, b, c WHERE a.x = c.x AND b.y = c.y`), which would hold every pair of rows. Relations
 * are joined in the order written, but one that an equality connects to those before comes first.
 */
import { assert, present } from '../base/assert.js';
import type { RowExpression } from '../dataflow/expression.js';
import { columnsUsed, mapColumns } from '../dataflow/expression-columns.js';
import { conjuncts } from './conjunction.js';
import type { JoinPlan, LogicalPlan } from './logical-plan.js';
import { isJoinKey, makeJoin } from './make-join.js';
import { columnTypes, columnsOf, projected, shifted, widthOf } from './plan-columns.js';

/** A relation of a group, and where its columns begin among those of the group. */
interface Member {
  readonly plan: LogicalPlan;
  readonly from: number;
  readonly width: number;
}

/** What has been joined so far. */
interface Joined {
  readonly plan: LogicalPlan;
  /** For each column of the group its place in the plan, once it is there. */
  readonly places: ReadonlyMap<number, number>;
}

/**
 * Joins a group.
 *
 * @param plan - the topmost of its joins.
 * @param tests - over its columns.
 * @param reduce - pushes tests into a member.
 */
export function joinGroup(
  plan: JoinPlan,
  tests: readonly RowExpression[],
  reduce: (member: LogicalPlan, tests: readonly RowExpression[]) => LogicalPlan,
): LogicalPlan {
  const members: Member[] = [];
  const all = [...collect(plan, 0, members), ...tests];
  const homes = all.map((test) => homeOf(test, members));
  const reduced = members.map((member) => {
    const own = all.filter((_, i) => homes[i] === member).map((test) => shifted(test, -member.from));
    return { ...member, plan: reduce(member.plan, own) };
  });
  const open = all.filter((_, i) => homes[i] === undefined);
  const [first, ...rest] = reduced;
  let joined = begin(present(first, 'a join of nothing'));
  for (let left = rest, waiting: readonly RowExpression[] = open; left.length > 0;) {
    const next = present(left.find((member) => isConnected(joined, member, waiting)) ?? left[0], 'no member');
    const step = join(joined, next, waiting);
    joined = step.joined;
    waiting = step.waiting;
    left = left.filter((member) => member !== next);
    assert(left.length > 0 || waiting.length === 0, 'tests without their columns');
  }
  return inOrder(joined);
}

/** The members below a relation, and all tests of the joins and filters between them. */
function collect(plan: LogicalPlan, from: number, members: Member[]): readonly RowExpression[] {
  if (plan.kind === 'join' && plan.type === 'inner') {
    assert(plan.on.length === 0, 'a join that has its keys already');
    const left = collect(plan.left, from, members);
    const right = collect(plan.right, from + widthOf(plan.left), members);
    return [...left, ...right, ...conjuncts(plan.residual).map((test) => shifted(test, from))];
  }
  if (plan.kind === 'filter') {
    const inner = collect(plan.input, from, members);
    return [...inner, ...conjuncts(plan.predicate).map((test) => shifted(test, from))];
  }
  members.push({ plan, from, width: widthOf(plan) });
  return [];
}

/** The only member that a test speaks of; the first for one that speaks of none; undefined: of several. */
function homeOf(test: RowExpression, members: readonly Member[]): Member | undefined {
  const used = [...columnsUsed(test)];
  return members.find(({ from, width }) => used.every((index) => index >= from && index < from + width));
}

function begin({ plan, from, width }: Member): Joined {
  return { plan, places: new Map(Array.from({ length: width }, (_, i) => [from + i, i])) };
}

/** The tests that can be asked once a member is there, over the columns so far followed by its own. */
function ready(
  { places }: Joined,
  { from, width }: Member,
  tests: readonly RowExpression[],
): readonly { readonly test: RowExpression; readonly moved: RowExpression }[] {
  const placeOf = (index: number): number | undefined =>
    index >= from && index < from + width ? places.size + index - from : places.get(index);
  return tests.flatMap((test) => {
    if ([...columnsUsed(test)].some((index) => placeOf(index) === undefined)) return [];
    const moved = mapColumns(test, (column) => ({ ...column, index: placeOf(column.index) ?? 0 }));
    return [{ test, moved }];
  });
}

function isConnected(joined: Joined, member: Member, tests: readonly RowExpression[]): boolean {
  return ready(joined, member, tests).some(({ moved }) => isJoinKey(moved, joined.places.size));
}

function join(
  joined: Joined,
  member: Member,
  tests: readonly RowExpression[],
): { readonly joined: Joined; readonly waiting: readonly RowExpression[] } {
  const asked = ready(joined, member, tests);
  const plan = makeJoin(
    'inner',
    joined.plan,
    member.plan,
    asked.map(({ moved }) => moved),
  );
  const places = new Map(joined.places);
  for (let i = 0; i < member.width; i++) places.set(member.from + i, joined.places.size + i);
  const done = new Set(asked.map(({ test }) => test));
  return { joined: { plan, places }, waiting: tests.filter((test) => !done.has(test)) };
}

/** The columns in the group's own order. */
function inOrder({ plan, places }: Joined): LogicalPlan {
  const columns = columnsOf(columnTypes(plan));
  const items = columns.map((_, i) => present(columns[places.get(i) ?? -1], `no column ${i}`));
  return projected(plan, items);
}
