/** Words that C99, C11 and C++ keep for themselves, and names of the headers that are included. */
const RESERVED = new Set(
  (
    'auto break case char const continue default do double else enum extern float for goto if inline int long register restrict return short signed ' +
    'sizeof static struct switch typedef union unsigned void volatile while asm bool catch class delete explicit export false friend mutable namespace ' +
    'new operator private protected public template this throw true try typename using virtual main arena'
  ).split(' '),
);

/** An identifier made of a name of any characters. */
export function identifier(name: string, fallback: string): string {
  const plain = name.replace(/[^A-Za-z0-9]+/g, '_').replace(/^_+|_+$/g, '');
  const safe = plain === '' ? fallback : /^[0-9]/.test(plain) ? `${fallback}_${plain}` : plain;
  return RESERVED.has(safe) ? `${safe}_` : safe;
}

/** Gives out identifiers, each once. */
export class Identifiers {
  readonly #taken: Set<string>;

  /** @param taken what is not given out. */
  constructor(taken: Iterable<string> = []) {
    this.#taken = new Set(taken);
  }

  /** An identifier made of a name. */
  take(name: string, fallback: string): string {
    const base = identifier(name, fallback);
    let chosen = base;
    for (let count = 2; this.#taken.has(chosen); count++) chosen = `${base}_${count}`;
    this.#taken.add(chosen);
    return chosen;
  }
}
