import { isFloat, type Tensor } from '../../../onnx/index.js';
import type { Trials } from '../../../training/index.js';

export interface Measured {
  /**
   * The noise of the output that follows the float model least, beside what is allowed of it, as powers: up to 1 every output follows closely enough. 0 where
   * nothing differs.
   */
  readonly share: number;
  /** SQNR in dB of the worst output. */
  readonly sqnr: number;
}

type Outputs = Readonly<Record<string, Tensor>>;

/** Adds up signal and noise of outputs over runs. */
export class OutputShares {
  readonly #wanted: ReadonlyMap<string, number>;
  readonly #sums: Map<string, { power: number; error: number }>;

  /** @param wanted SQNR in dB that is enough, by output. */
  constructor(wanted: ReadonlyMap<string, number>) {
    this.#wanted = wanted;
    this.#sums = new Map([...wanted.keys()].map((name) => [name, { power: 0, error: 0 }]));
  }

  get outputs(): string[] {
    return [...this.#wanted.keys()];
  }

  /** Where the original itself overflows, on -inf for what is masked say, nothing is compared. */
  add(original: Outputs, found: Outputs): void {
    for (const [name, sum] of this.#sums) {
      if (!isFloat(original[name].dtype)) continue;
      const [wanted, got] = [original[name].toFloat32(), found[name].toFloat32()];
      for (let i = 0; i < wanted.length; i++) {
        if (!Number.isFinite(wanted[i])) continue;
        const difference = Number.isFinite(got[i]) ? wanted[i] - got[i] : Number.POSITIVE_INFINITY;
        sum.power += wanted[i] * wanted[i];
        sum.error += difference * difference;
      }
    }
  }

  get measured(): Measured {
    const noises = [...this.#sums].map(([name, { power, error }]): [string, number] => [name, power === 0 ? 0 : error / power]);
    const shares = noises.map(([name, noise]) => noise * 10 ** ((this.#wanted.get(name) as number) / 10));
    return { share: Math.max(0, ...shares), sqnr: -10 * Math.log10(Math.max(0, ...noises.map(([, noise]) => noise))) };
  }
}

/** The outputs that count: not those that say nothing in any of the original's answers; see `Trials.quiet`. */
export function telling({ wanted, quiet }: Trials, answers: readonly Outputs[]): ReadonlyMap<string, number> {
  if (quiet === undefined) return wanted;
  const isLoud = (name: string) =>
    answers.some((each) => isFloat(each[name].dtype) && each[name].toFloat32().some((value) => !(value >= 0 && value < quiet)));
  return new Map([...wanted].filter(([name]) => isLoud(name)));
}
