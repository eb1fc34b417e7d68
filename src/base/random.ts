import { OptionError } from './errors.js';

/**
 * A seeded stream of random numbers: sfc32 (Doty-Humphrey, PractRand), seeded through splitmix32. The same seed gives the same numbers on
 * every machine. `fork` derives an independent stream by name, so that adding a consumer does not disturb the others.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter: number;
  readonly #seed: number;
  #spare: number | undefined;

  /** @param seed any number or text; texts are hashed. */
  constructor(seed: number | string) {
    this.#seed = typeof seed === 'number' ? seed >>> 0 : hashText(seed);
    const next = splitmix32(this.#seed);
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#counter = 1;
    for (let i = 0; i < 12; i++) this.uint32();
  }

  /** A stream that depends on this one's seed and on `name` only, not on how many numbers were drawn. */
  fork(name: string | number): Random {
    return new Random(hashText(`${this.#seed}/${name}`));
  }

  /** An integer in [0, 2^32). */
  uint32(): number {
    const t = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (this.#c << 21) | (this.#c >>> 11);
    this.#c = (this.#c + t) | 0;
    return t >>> 0;
  }

  /** A number in [low, high), by default [0, 1). */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * (this.uint32() / 4294967296);
  }

  /** An integer in [0, bound). */
  integer(bound: number): number {
    if (!(bound >= 1)) throw new OptionError({ what: 'A random integer needs a positive bound', got: String(bound) });
    return Math.floor(this.uniform() * bound);
  }

  /** A normal deviate with mean 0 and standard deviation 1 (Box–Muller, both halves used). */
  normal(): number {
    if (this.#spare !== undefined) {
      const spare = this.#spare;
      this.#spare = undefined;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** A Beta(a, a) deviate for mixup, by Jöhnk's method for a ≤ 1 and by two gamma deviates (Marsaglia–Tsang) above. */
  beta(a: number, b = a): number {
    const x = this.gamma(a);
    const y = this.gamma(b);
    return x + y === 0 ? 0.5 : x / (x + y);
  }

  /** A Gamma(shape, 1) deviate (Marsaglia and Tsang 2000). */
  gamma(shape: number): number {
    if (shape < 1) return this.gamma(shape + 1) * (1 - this.uniform()) ** (1 / shape);
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = this.normal();
      const v = (1 + c * x) ** 3;
      if (v > 0 && Math.log(1 - this.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
    }
  }

  /** Shuffles in place (Fisher–Yates) and returns the same array. */
  shuffle<T extends unknown[] | Int32Array | Uint32Array | Float32Array>(items: T): T {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const kept = items[i];
      items[i] = items[j] as never;
      items[j] = kept as never;
    }
    return items;
  }

  /** The integers 0 … n-1 in random order. */
  permutation(n: number): Int32Array {
    return this.shuffle(Int32Array.from({ length: n }, (_, i) => i));
  }

  /** One of the items. */
  pick<T>(items: readonly T[]): T {
    return items[this.integer(items.length)] as T;
  }

  /** Everything needed to go on from here, as plain JSON. */
  state(): RandomState {
    return { seed: this.#seed, a: this.#a, b: this.#b, c: this.#c, counter: this.#counter, spare: this.#spare ?? null };
  }

  /** The stream as it was when `state` was taken. */
  static from(state: RandomState): Random {
    const random = new Random(state.seed);
    random.#a = state.a;
    random.#b = state.b;
    random.#c = state.c;
    random.#counter = state.counter;
    random.#spare = state.spare ?? undefined;
    return random;
  }
}

/** A stream's position, in plain JSON. */
export interface RandomState {
  seed: number;
  a: number;
  b: number;
  c: number;
  counter: number;
  spare: number | null;
}

/** 32-bit FNV-1a of a text's UTF-16 units, finished with murmur3's mixer. Not cryptographic. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function splitmix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let t = state ^ (state >>> 16);
    t = Math.imul(t, 0x21f0aaad);
    t ^= t >>> 15;
    t = Math.imul(t, 0x735a2d97);
    return (t ^ (t >>> 15)) | 0;
  };
}
