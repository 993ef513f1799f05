/**
 * The one type of values that come from several places: the branches of CASE and IF, the arguments of COALESCE, the
 * inputs of UNION ALL.
 *
 * @see pingcap/tidb pkg/expression/builtin_control.go (InferType4ControlFuncs), pkg/types/etc.go (MergeFieldType)
 */
import type { FieldType } from '../../codec/field-type.js';

/** The type, or why there is none that is known to be TiDB's. */
export type MergedType =
  | { readonly kind: 'merged'; readonly type: FieldType }
  | { readonly kind: 'refused'; readonly reason: string };

/** Where values are merged: rules differ in small things. */
export type MergeUse = 'case' | 'coalesce' | 'union';

/** Merges types; one that is NULL everywhere takes no part. */
export function mergeTypes(types: readonly FieldType[], use: MergeUse): MergedType {
  const [first, ...rest] = types;
  if (first === undefined) return { kind: 'refused', reason: `nothing to merge for ${use}` };
  const isSame = rest.every((type) => type.tp === first.tp && type.flag === first.flag);
  return isSame
    ? { kind: 'merged', type: first }
    : { kind: 'refused', reason: 'values of different types are merged' };
}
