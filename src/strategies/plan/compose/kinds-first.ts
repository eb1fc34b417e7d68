/** What an order of points goes by. */
export interface Ordering<P> {
  /** What a point has of each kind: names of techniques, of families. */
  kinds(point: P): Iterable<string>;
  /** What it costs beside others; above 0. Default: all cost the same. */
  cost?(point: P): number;
  /** Points that come before these. Default: none. */
  before?: readonly P[];
}

/**
 * The points in such an order that after any number of them as many kinds as possible were seen: the next is the one that has the most that are new for what it costs, of
 * equals the earlier. Once every kind was seen, the others follow as they come.
 */
export function kindsFirst<P>(points: readonly P[], { kinds, cost = () => 1, before = [] }: Ordering<P>): P[] {
  const rest = [...points];
  const seen = new Set(before.flatMap((point) => [...kinds(point)]));
  const ordered: P[] = [];
  while (rest.length > 0) {
    const worths = rest.map((point) => new Set([...kinds(point)].filter((kind) => !seen.has(kind))).size / cost(point));
    const most = Math.max(...worths);
    const [next] = rest.splice(worths.indexOf(most), 1);
    ordered.push(next);
    for (const kind of kinds(next)) seen.add(kind);
    if (most === 0) return [...ordered, ...rest];
  }
  return ordered;
}
