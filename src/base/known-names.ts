import { type ErrorFacts, OptionError } from './errors.js';

/** The name that was most likely meant: the one with the fewest changed letters, where these are a third of it at most. Undefined where none is near. */
export function closest(name: string, known: Iterable<string>): string | undefined {
  let found: string | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const each of known) {
    const changes = changedLetters(name.toLowerCase(), each.toLowerCase());
    if (changes < fewest && changes <= Math.max(1, Math.max(each.length, name.length) / 3)) [found, fewest] = [each, changes];
  }
  return found;
}

/**
 * @param known names that there are.
 * @param facts what and where; what is expected, and the closest name, are added.
 * @returns the error for a name that there is not.
 */
export function unknownName(name: string, known: Iterable<string>, facts: Pick<ErrorFacts, 'what' | 'where' | 'got'>): OptionError {
  const names = [...known];
  const meant = closest(name, names);
  return new OptionError({
    ...facts,
    expected: names.join(', ') || 'none',
    ...(meant !== undefined && { fix: `Perhaps "${meant}" is meant.` }),
  });
}

/** @throws OptionError naming the first option that there is not, and the closest that there is. @param of what has the options, e.g. `the loss "focal"`. */
export function requireKnown(given: object, known: readonly string[], of: string): void {
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown !== undefined) throw unknownName(unknown, known, { what: 'There is no such option', where: `${of}, option "${unknown}"` });
}

/** Names one after the other, for people; those in quotes whose commas or line breaks would pass for something else. */
export function namesText(names: Iterable<string>): string {
  return [...names].map((name) => (UNCLEAR.test(name) ? JSON.stringify(name) : name)).join(', ');
}

/** Commas, semicolons, quotes, control characters, blanks at the ends, and nothing at all. */
const UNCLEAR = /[,;"\p{Cc}]|^\s|\s$|^$/u;

/** Insertions, deletions, replacements and swaps of neighbours that turn one word into another. */
function changedLetters(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      row.push(Math.min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + same));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) row[j] = Math.min(row[j], rows[i - 2][j - 2] + 1);
    }
    rows.push(row);
  }
  return rows[a.length][b.length];
}
