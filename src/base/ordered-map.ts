/** The one ordered map of the program: byte-string keys in memcmp order (see {@link KeyString}). */
import BTreeModule from 'sorted-btree';

const BTree = BTreeModule.default;

/** A map ordered by the `<` of its string keys. Mutable; iterate over a `clone` if you change it meanwhile. */
export class OrderedMap<K extends string, V> {
  readonly #tree: BTreeModule.default<K, V>;

  constructor(tree?: BTreeModule.default<K, V>) {
    this.#tree = tree ?? new BTree<K, V>(undefined, (a, b) => (a < b ? -1 : a > b ? 1 : 0));
  }

  get size(): number {
    return this.#tree.size;
  }

  get(key: K): V | undefined {
    return this.#tree.get(key);
  }

  has(key: K): boolean {
    return this.#tree.has(key);
  }

  set(key: K, value: V): void {
    this.#tree.set(key, value);
  }

  delete(key: K): boolean {
    return this.#tree.delete(key);
  }

  clear(): void {
    this.#tree.clear();
  }

  /** The entry with the greatest key ≤ `key`. */
  floor(key: K): readonly [K, V] | undefined {
    return this.#tree.getPairOrNextLower(key);
  }

  /** The entry with the greatest key < `key`. */
  below(key: K): readonly [K, V] | undefined {
    return this.#tree.nextLowerPair(key);
  }

  /** The entry with the least key > `key`. */
  above(key: K): readonly [K, V] | undefined {
    return this.#tree.nextHigherPair(key);
  }

  /** Entries with key ≥ `from`, ascending. */
  from(key: K): IterableIterator<readonly [K, V]> {
    return this.#tree.entries(key);
  }

  entries(): IterableIterator<readonly [K, V]> {
    return this.#tree.entries();
  }

  values(): IterableIterator<V> {
    return this.#tree.values();
  }

  keys(): IterableIterator<K> {
    return this.#tree.keys();
  }
}
