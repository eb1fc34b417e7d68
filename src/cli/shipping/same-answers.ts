import { type Feeds, inventedFeeds, runnableInputs } from '../../diagnosis/index.js';
import { channelsLast, channelsSecond, permuted } from '../../formats/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import { copiesOf, isFloat, type Model, type Tensor } from '../../onnx/index.js';
import { isQuantized } from '../../ops/index.js';

/** Largest difference of floats, as a share of the largest number of an output: of models in floats, and of those that round to integers inside. */
const MOST = { float: 1e-4, integer: 0.02 };
/** Most that integers differ. */
const UNIT = 1;
/** How many times the model's own noise, which comes from how its runtime orders sums, the file may be away. */
const NOISE = 4;
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
  const programs = [
    await runtime.compile(before, { threads: 1, signal }),
    await runtime.compile(after, { threads: 1, signal }),
    await runtime.compile(before, { threads: 1, signal, optimize: 'none' }),
  ];
  const [first, second, plain] = programs;
  try {
    const worst = new Map<string, number>();
    const noise = new Map<string, number>();
    for (let seed = 1; seed <= RUNS; seed++) {
      const feeds = inventedFeeds(before, { ...invented, seed });
      // A program takes the memory of what it is fed.
      const others = isMoved ? moved(feeds, channelsLast) : feeds;
      const [wanted, got] = [await first.run(copiesOf(feeds)), await second.run(copiesOf(others))];
      const again = await plain.run(copiesOf(feeds));
      for (const { name } of before.graph.outputs) {
        const answer = isMoved ? moved({ [name]: got[name] }, channelsSecond)[name] : got[name];
        worst.set(name, Math.max(worst.get(name) ?? 0, distance(wanted[name], answer)));
        noise.set(name, Math.max(noise.get(name) ?? 0, distance(wanted[name], again[name])));
      }
    }
    const most = isQuantized(before) ? MOST.integer : MOST.float;
    return [...worst].flatMap(([name, each]) => {
      const isWhole = !isFloat(before.graph.outputs.find((output) => output.name === name)?.dtype);
      if (each <= (isWhole ? UNIT : Math.max(most, NOISE * (noise.get(name) ?? 0)))) return [];
      return [`output "${name}" of the file differs by ${isWhole ? each : `${each.toPrecision(2)} of its largest number`}`];
    });
  } finally {
    await Promise.all(programs.map((program) => program.dispose()));
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

/** The largest difference: of floats as a share of the largest wanted number. */
function distance(wanted: Tensor, got: Tensor | undefined): number {
  if (got?.size !== wanted.size || got.dtype !== wanted.dtype) return Number.POSITIVE_INFINITY;
  const [a, b] = [wanted.numbers(), got.numbers()];
  let most = 0;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const both = Object.is(a[i], b[i]) ? 0 : Math.abs(a[i] - b[i]);
    most = Math.max(most, Number.isNaN(both) ? Number.POSITIVE_INFINITY : both);
    if (Number.isFinite(a[i])) largest = Math.max(largest, Math.abs(a[i]));
  }
  return isFloat(wanted.dtype) ? most / Math.max(largest, 1e-6) : most;
}
