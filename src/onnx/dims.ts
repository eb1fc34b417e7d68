/**
 * A dimension: a number, or an expression over named unknowns. Expressions are polynomials with integer coefficients over atoms; an atom
 * is a name or an opaque quotient, minimum or maximum. Two equal polynomials print alike, so `text` is their identity.
 */
export type Dim = number | SymbolicDim;

interface Term {
  readonly coefficient: number;
  readonly atoms: readonly Atom[];
}

type Atom = { readonly text: string; readonly evaluate: (bindings: Bindings) => Dim };

/** Values for names, e.g. { N: 8 }. */
export type Bindings = Readonly<Record<string, number>>;

let anonymous = 0;

/** Expressions grow with each step of a graph's shape arithmetic; one that takes more characters than this is not followed any further. */
const LONGEST = 2000;
/** The same of the terms of a product before they are collected. */
const MOST_TERMS = 100;

export class SymbolicDim {
  readonly text: string;
  readonly terms: readonly Term[];

  private constructor(terms: readonly Term[]) {
    this.terms = terms;
    this.text = terms.map(printTerm).join('+').replaceAll('+-', '-');
  }

  /** The dimension called `name`. */
  static named(name: string): SymbolicDim {
    const atom: Atom = { text: name, evaluate: (bindings) => (Object.hasOwn(bindings, name) ? bindings[name] : SymbolicDim.named(name)) };
    return new SymbolicDim([{ coefficient: 1, atoms: [atom] }]);
  }

  /** A dimension that nothing is known about, different from every other. Its name starts with "?". */
  static unknown(): SymbolicDim {
    return SymbolicDim.named(`?${++anonymous}`);
  }

  /** @internal The polynomial of these terms, collected and ordered; a number where nothing symbolic is left. */
  static collect(terms: readonly Term[]): Dim {
    const byKey = new Map<string, { coefficient: number; atoms: readonly Atom[] }>();
    for (const term of terms) {
      const atoms = [...term.atoms].sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
      const key = atoms.map((atom) => atom.text).join('*');
      const found = byKey.get(key);
      if (found) found.coefficient += term.coefficient;
      else byKey.set(key, { coefficient: term.coefficient, atoms });
    }
    const kept = [...byKey.entries()]
      .filter(([, term]) => term.coefficient !== 0)
      .sort(([a], [b]) => (a === '' ? 1 : b === '' ? -1 : a < b ? -1 : 1));
    if (kept.length === 0) return 0;
    if (kept.length === 1 && kept[0][0] === '') return kept[0][1].coefficient;
    const dim = new SymbolicDim(kept.map(([, term]) => term));
    return dim.text.length <= LONGEST ? dim : SymbolicDim.unknown();
  }

  /** @internal An opaque function of dimensions. */
  static opaque(text: string, evaluate: (bindings: Bindings) => Dim): SymbolicDim {
    return text.length <= LONGEST ? new SymbolicDim([{ coefficient: 1, atoms: [{ text, evaluate }] }]) : SymbolicDim.unknown();
  }

  /** True where the name was made up because the model does not say. */
  get isAnonymous(): boolean {
    return this.text.includes('?');
  }

  toString(): string {
    return this.text;
  }
}

function printTerm({ coefficient, atoms }: Term): string {
  const product = atoms.map((atom) => atom.text).join('*');
  if (product === '') return String(coefficient);
  if (coefficient === 1) return product;
  return coefficient === -1 ? `-${product}` : `${coefficient}*${product}`;
}

function termsOf(dim: Dim): readonly Term[] {
  return typeof dim === 'number' ? [{ coefficient: dim, atoms: [] }] : dim.terms;
}

export function sameDim(a: Dim, b: Dim): boolean {
  return typeof a === 'number' || typeof b === 'number' ? a === b : a.text === b.text;
}

export function addDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  return SymbolicDim.collect([...termsOf(a), ...termsOf(b)]);
}

export function subtractDims(a: Dim, b: Dim): Dim {
  return addDims(a, multiplyDims(b, -1));
}

export function multiplyDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a * b;
  const product: Term[] = [];
  if (termsOf(a).length * termsOf(b).length > MOST_TERMS) return SymbolicDim.unknown();
  for (const x of termsOf(a)) {
    for (const y of termsOf(b)) product.push({ coefficient: x.coefficient * y.coefficient, atoms: [...x.atoms, ...y.atoms] });
  }
  return SymbolicDim.collect(product);
}

/** Product of dimensions; 1 for none. */
export function productOfDims(dims: readonly Dim[]): Dim {
  return dims.reduce<Dim>(multiplyDims, 1);
}

/** floor(a / b). Exact where every term of `a` is divisible by the single term `b`; opaque otherwise. */
export function floorDivideDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return Math.floor(a / b);
  if (sameDim(a, b)) return 1;
  if (b === 1) return a;
  const exact = divideExactly(termsOf(a), termsOf(b));
  if (exact) return SymbolicDim.collect(exact);
  return SymbolicDim.opaque(`floor(${group(a)}/${group(b)})`, (bindings) => floorDivideDims(bindDim(a, bindings), bindDim(b, bindings)));
}

/** ceil(a / b). */
export function ceilDivideDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return Math.ceil(a / b);
  return floorDivideDims(addDims(a, subtractDims(b, 1)), b);
}

export function maxDims(a: Dim, b: Dim): Dim {
  return extreme('max', a, b, Math.max);
}

export function minDims(a: Dim, b: Dim): Dim {
  return extreme('min', a, b, Math.min);
}

function extreme(name: string, a: Dim, b: Dim, choose: (x: number, y: number) => number): Dim {
  if (typeof a === 'number' && typeof b === 'number') return choose(a, b);
  if (sameDim(a, b)) return a;
  const swapped = typeof a === 'number' || (typeof b !== 'number' && b.text < a.text);
  return SymbolicDim.opaque(swapped ? `${name}(${b},${a})` : `${name}(${a},${b})`, (bindings) =>
    extreme(name, bindDim(a, bindings), bindDim(b, bindings), choose),
  );
}

function divideExactly(a: readonly Term[], b: readonly Term[]): Term[] | undefined {
  if (b.length !== 1) return undefined;
  const quotient: Term[] = [];
  for (const term of a) {
    const atoms = [...term.atoms];
    for (const atom of b[0].atoms) {
      const found = atoms.findIndex((candidate) => candidate.text === atom.text);
      if (found < 0) return undefined;
      atoms.splice(found, 1);
    }
    if (term.coefficient % b[0].coefficient !== 0) return undefined;
    quotient.push({ coefficient: term.coefficient / b[0].coefficient, atoms });
  }
  return quotient;
}

function group(dim: Dim): string {
  return typeof dim === 'number' || (dim.terms.length === 1 && dim.terms[0].coefficient === 1 && dim.terms[0].atoms.length === 1)
    ? String(dim)
    : `(${dim})`;
}

/** The dimension with names replaced by their values; a number once all are bound. */
export function bindDim(dim: Dim, bindings: Bindings): Dim {
  if (typeof dim === 'number') return dim;
  let sum: Dim = 0;
  for (const term of dim.terms) {
    let product: Dim = term.coefficient;
    for (const atom of term.atoms) product = multiplyDims(product, atom.evaluate(bindings));
    sum = addDims(sum, product);
  }
  return sum;
}

/** The shape as numbers, or undefined where any dimension is still symbolic. */
export function staticShape(shape: readonly Dim[] | undefined): number[] | undefined {
  if (!shape) return undefined;
  return shape.every((dim) => typeof dim === 'number') ? (shape as number[]).slice() : undefined;
}
