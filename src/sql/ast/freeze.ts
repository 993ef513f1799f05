/** Freezes a tree of plain objects and arrays, all the way down. */
export function freezeTree<T>(node: T): T {
  if (typeof node !== 'object' || node === null || Object.isFrozen(node)) return node;
  Object.freeze(node);
  for (const child of Object.values(node)) freezeTree(child);
  return node;
}
