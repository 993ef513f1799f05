/** Changing trees of the parser: a node is a frozen object with a `kind`. */

/** The tree with every child of `node` replaced by what `map` makes of it; the node itself if none changes. */
export function mapChildren<T>(node: T, map: (child: unknown) => unknown): T {
  if (Array.isArray(node)) {
    const mapped: unknown[] = node.map(map);
    return (mapped.every((child, i) => child === node[i]) ? node : mapped) as T;
  }
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).map(([name, child]): readonly [string, unknown] => [name, map(child)]);
  const isSame = entries.every(([name, child]) => child === (node as Record<string, unknown>)[name]);
  return (isSame ? node : Object.fromEntries(entries)) as T;
}

/** The kind of a node; undefined: it is none. */
export function kindOf(node: unknown): string | undefined {
  if (typeof node !== 'object' || node === null || !('kind' in node)) return undefined;
  return typeof node.kind === 'string' ? node.kind : undefined;
}

/** Whether a node for which `test` is true stands somewhere in a tree, looked for where `enters` allows. */
export function someNode(
  tree: unknown,
  test: (node: unknown) => boolean,
  enters: (node: unknown) => boolean = () => true,
): boolean {
  if (typeof tree !== 'object' || tree === null) return false;
  if (test(tree)) return true;
  return Object.values(tree).some(
    (child) => typeof child === 'object' && child !== null && enters(child) && someNode(child, test, enters),
  );
}
