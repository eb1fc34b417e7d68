/**
 * The entry of a table under a name that comes from outside: undefined where the table itself does not have it, whatever every object has
 * (`constructor`, `toString`, `__proto__`).
 */
export function lookup<T>(table: Readonly<Record<PropertyKey, T>>, name: PropertyKey): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** An empty table for names that come from outside: whatever every object has is no entry of it, and `__proto__` may be one. */
export function emptyTable<T>(): Record<string, T> {
  return Object.create(null);
}

/** Adds an item to the list that a map keeps under a key. */
export function addTo<K, T>(lists: Map<K, T[]>, key: K, item: T): void {
  const list = lists.get(key);
  if (list) list.push(item);
  else lists.set(key, [item]);
}

/** What came before already, each time that it comes again, in order; in linear time, which `indexOf` is not. */
export function repeats<T>(items: Iterable<T>): T[] {
  const seen = new Set<T>();
  return [...items].filter((item) => seen.size === seen.add(item).size);
}
