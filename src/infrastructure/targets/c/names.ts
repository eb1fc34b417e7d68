import { isReserved } from './reserved.js';

/** What identifiers may begin with, made of a name of any characters. */
export function prefix(name: string, fallback: string): string {
  const plain = name.replace(/[^A-Za-z0-9]+/g, '_').replace(/^_+|_+$/g, '');
  return plain === '' ? fallback : /^[0-9]/.test(plain) ? `${fallback}_${plain}` : plain;
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
    const base = prefix(name, fallback);
    let chosen = isReserved(base) ? `${base}_` : base;
    for (let count = 2; this.#taken.has(chosen); count++) chosen = `${base}_${count}`;
    this.#taken.add(chosen);
    return chosen;
  }
}
