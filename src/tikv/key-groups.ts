/** Splits lists of keys by the regions that hold them, and large lists into pieces. */
import { compareBytes } from '../base/bytes.js';
import { type Region, holdsKey } from './region.js';
import type { RegionCache } from './region-cache.js';

/** Items of one region, in key order. */
export interface RegionGroup<T> {
  readonly region: Region;
  /** Never empty. */
  readonly items: readonly T[];
}

/**
 * Groups items by the region of their key, in key order.
 *
 * @param items - in any order; not changed.
 */
export async function groupByRegion<T>(
  regions: RegionCache,
  items: readonly T[],
  keyOf: (item: T) => Uint8Array,
  signal: AbortSignal,
): Promise<RegionGroup<T>[]> {
  const sorted = sortedByKey(items, keyOf);
  const groups: { region: Region; items: T[] }[] = [];
  for (const item of sorted) {
    const key = keyOf(item);
    const last = groups.at(-1);
    if (last !== undefined && holdsKey(last.region, key)) last.items.push(item);
    else groups.push({ region: await regions.locate(key, signal), items: [item] });
  }
  return groups;
}

/** The items in key order: themselves if they are, which is usual and cheap to see. */
export function sortedByKey<T>(items: readonly T[], keyOf: (item: T) => Uint8Array): readonly T[] {
  for (let i = 1; i < items.length; i++) {
    if (compareBytes(keyOf(items[i - 1] as T), keyOf(items[i] as T)) > 0) {
      return [...items].sort((a, b) => compareBytes(keyOf(a), keyOf(b)));
    }
  }
  return items;
}

/**
 * Cuts a list into pieces of at most `capacity`, in the unit of `sizeOf`; an item that is larger alone makes a piece.
 * No piece is empty.
 */
export function pieces<T>(
  items: readonly T[],
  capacity: number,
  sizeOf: (item: T) => number = () => 1,
): T[][] {
  const out: T[][] = [];
  let size = 0;
  for (const item of items) {
    const itemSize = sizeOf(item);
    const last = out.at(-1);
    if (last === undefined || size + itemSize > capacity) {
      out.push([item]);
      size = itemSize;
    } else {
      last.push(item);
      size += itemSize;
    }
  }
  return out;
}
