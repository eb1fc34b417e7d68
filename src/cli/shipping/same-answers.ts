import { type Feeds, inventedFeeds, runnableInputs } from '../../diagnosis/index.js';
import { channelsLast, channelsSecond, permuted } from '../../formats/index.js';
import type { CompileOptions, Program, Runtime } from '../../infrastructure/runtime/index.js';
import { copiesOf, isFloat, type Model, type Tensor } from '../../onnx/index.js';
import { roundsData } from '../../ops/index.js';

/** Largest difference of models in floats, as a share of the largest number of an output. */
const MOST = 1e-4;
/** How many times the model's own noise, which comes from how its runtime orders sums, the file may be away. */
const NOISE = 4;
/**
 * Models that round to integers inside: two sets of kernels round halves differently, and a half early on may move a score by several steps. So the root mean square of the
 * differences counts: of floats as a share of that of the wanted numbers (30 dB), of integers in units.
 */
const ROUNDED = { float: 0.03, integer: 1 };
/** How often answers are compared. */
const RUNS = 4;

export interface SameAnswersRequest {
  /** What was written. */
  before: Model;
  /** What was read of the file. */
  after: Model;
  runtime: Runtime;
  /** Shapes of made-up inputs, by name. */
  shapes?: Readonly<Record<string, readonly number[]>>;
  /** Whether the file has its channels last. */
  channelsLast?: boolean;
  signal?: AbortSignal;
}

/** What of a file in another format answers differently from the graph that it was written from, as sentences without their full stop. */
export async function otherAnswers({
  before,
  after,
  runtime,
  shapes,
  channelsLast: isMoved = false,
  signal,
}: SameAnswersRequest): Promise<string[]> {
  const invented = await runnableInputs(before, runtime, { shapes, signal });
  const programs: Program[] = [];
  const compile = async (model: Model, options: CompileOptions = {}) => {
    const program = await runtime.compile(model, { threads: 1, signal, ...options });
    programs.push(program);
    return program;
  };
  try {
    const first = await compile(before, { floatProducts: true });
    // Every rounding counts: ONNX Runtime's optimizer leaves out some that other kernels do not.
    const second = await compile(after, { optimize: 'none' });
    const rounds = roundsData(before);
    const plain = rounds ? undefined : await compile(before, { optimize: 'none' });
    const meters = new Map(before.graph.outputs.map(({ name }) => [name, { file: new Meter(), noise: new Meter() }]));
    for (let seed = 1; seed <= RUNS; seed++) {
      const feeds = inventedFeeds(before, { ...invented, seed });
      // A program takes the memory of what it is fed.
      const others = isMoved ? moved(feeds, channelsLast) : feeds;
      const [wanted, got] = [await first.run(copiesOf(feeds)), await second.run(copiesOf(others))];
      const again = await plain?.run(copiesOf(feeds));
      for (const [name, { file, noise }] of meters) {
        file.add(wanted[name], isMoved ? moved({ [name]: got[name] }, channelsSecond)[name] : got[name]);
        if (again) noise.add(wanted[name], again[name]);
      }
    }
    return [...meters].flatMap(([name, { file, noise }]) => {
      const isWhole = !isFloat(before.graph.outputs.find((output) => output.name === name)?.dtype);
      const fault = rounds ? file.roundedFault(isWhole) : file.fault(isWhole ? 0 : Math.max(MOST, NOISE * noise.share));
      return fault === undefined ? [] : [`output "${name}" of the file differs by ${fault}`];
    });
  } finally {
    await Promise.all(programs.map((program) => program.dispose()));
  }
}

/** How far answers are from what is wanted, over all runs. */
class Meter {
  #most = 0;
  #largest = 0;
  #squares = 0;
  #wanted = 0;
  #count = 0;

  add(wanted: Tensor, got: Tensor | undefined): void {
    const isAlike = got?.size === wanted.size && got.dtype === wanted.dtype;
    const [a, b] = [wanted.numbers(), isAlike ? got.numbers() : new Float64Array(wanted.size).fill(Number.NaN)];
    for (let i = 0; i < a.length; i++) {
      const difference = Object.is(a[i], b[i]) || a[i] === b[i] ? 0 : Math.abs(a[i] - b[i]);
      this.#most = Math.max(this.#most, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference);
      this.#squares += difference ** 2;
      if (!Number.isFinite(a[i])) continue;
      this.#largest = Math.max(this.#largest, Math.abs(a[i]));
      this.#wanted += a[i] ** 2;
    }
    this.#count += a.length;
  }

  /** The largest difference, as a share of the largest number. */
  get share(): number {
    return this.#most === 0 ? 0 : this.#most / Math.max(this.#largest, 1e-6);
  }

  fault(most: number): string | undefined {
    return this.share <= most ? undefined : `${this.share.toPrecision(2)} of its largest number`;
  }

  roundedFault(isWhole: boolean): string | undefined {
    const mean = Math.sqrt(this.#squares / this.#count);
    if (isWhole) return mean <= ROUNDED.integer ? undefined : `${mean.toPrecision(2)} units (root mean square)`;
    const relative = this.#squares === 0 ? 0 : Math.sqrt(this.#squares / Math.max(this.#wanted, 1e-12));
    return relative <= ROUNDED.float ? undefined : `${relative.toPrecision(2)} of its size (root mean square)`;
  }
}

function moved(feeds: Feeds, orderOf: (rank: number) => number[]): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, tensor]) => [
      name,
      tensor.shape.length < 3 ? tensor : permuted(tensor, orderOf(tensor.shape.length)),
    ]),
  );
}
