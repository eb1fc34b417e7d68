import { type Activity, attempted, EspalierError, Random } from '../../base/index.js';
import type { ModelSource, Program, Runtime } from '../../infrastructure/runtime/index.js';
import { copiesOf, isFloat, type Model, Tensor } from '../../onnx/index.js';
import { exposed, fidelity, fidelityOutputs, type Goal, judge, type Quality, Reach } from '../../training/index.js';
import { type InventedOptions, inventedFeeds } from './invented.js';
import { NoiseMeter, type OutputNoise } from './noise.js';
import { runnable } from './runnable.js';

/** Values by name, for one run. */
export type Feeds = Readonly<Record<string, Tensor>>;

/** Real inputs of one run, for each of the two models: a new one may take its inputs in another form. */
export interface RealFeeds {
  before: Feeds;
  after: Feeds;
}

export interface ProofRequest extends Pick<Activity, 'signal'> {
  /** The original. */
  before: Model;
  after: Model;
  /** What is run for the new model: its written file. Default: the model itself. */
  source?: ModelSource;
  runtime: Runtime;
  threads?: number;
  /** Real inputs, run by run. Default: made-up ones. */
  samples?: () => AsyncIterable<RealFeeds>;
  /** How inputs are made up. */
  invented?: Pick<InventedOptions, 'batch' | 'shapes'>;
}

/** Whether a new model does what the one does that it was made of. Plain JSON but for infinities. */
export interface Proof {
  readonly inputs: 'samples' | 'made-up';
  /** Samples in all runs together: by the first axis of the inputs. */
  readonly samples: number;
  /** Runs that were compared; 0 where the original itself could not be run, for the reason in `remark`. */
  readonly runs: number;
  /** The worst first: what is broken, then floats by their SQNR, then the rest. */
  readonly outputs: readonly OutputNoise[];
  /**
   * On made-up inputs, for outputs that follow the original badly: SQNR in dB of the original itself where 1% of noise is added to its inputs. Where this is low
   * as well, the inputs are at fault and not the new model.
   */
  readonly own?: Readonly<Record<string, number>>;
  /** The same for answers that are others than the original's: the share of its own that stay. */
  readonly ownSame?: Readonly<Record<string, number>>;
  /** Branches and bodies with weights of the original that no run entered, for people: nothing is known of them. Absent where there is none. */
  readonly missed?: readonly string[];
  /** How inputs were made up so that the original ran. */
  readonly invented?: InventedOptions;
  /** On made-up inputs: how closely the model follows, by all metrics of fidelity. */
  readonly quality?: Quality;
  readonly remark?: string;
}

/** Below this the original's own sensitivity is looked at, in dB. */
const LOW = 20;
/** Noise that is added to inputs for that, relative to their power. */
const NUDGE = 0.01;
/** Runs on made-up inputs: few, since they say little; fewer where they take long, in milliseconds all together. */
const RUNS = 8;
const LEAST_RUNS = 3;
const LONG = 4000;

/**
 * Loads the new model and the original, runs both on the same inputs and compares every output that can be read, whole outputs by their SQNR. Of detectors
 * that end in a selection of boxes what it selects from is compared.
 * @throws RuntimeError where the new model does not load or run and the original does; Stopped when aborted.
 */
export async function prove(request: ProofRequest): Promise<Proof> {
  const { before, after, source = after, runtime, threads, signal } = request;
  const options = { threads, signal };
  const goal = goalOf(before);
  const reach = new Reach(exposed(before, goal ?? {}));
  const programs: Program[] = [];
  const compile = async (model: ModelSource) => {
    const program = await runtime.compile(model, options);
    programs.push(program);
    return program;
  };
  try {
    const made = await compile(source);
    const original = await attempted(
      () => compile(reach.model),
      ({ message }) => message,
    );
    if (typeof original === 'string') return unproven(request, `The original does not load: ${original}`);
    // Where the goal looks at inner values, the file itself is run as well.
    const seen = goal?.expose ? await compile(exposed(after, goal)) : made;
    return await compare({ request, goal, reach, original, made, seen, fetch: goal?.expose ? [...goal.outputs] : readable(before) });
  } finally {
    for (const program of programs) await program.dispose();
  }
}

interface Comparison {
  request: ProofRequest;
  goal?: Goal;
  /** Of the original. */
  reach: Reach;
  original: Program;
  made: Program;
  /** The new model as the goal looks at it. */
  seen: Program;
  fetch: readonly string[];
}

async function compare({ request, goal, reach, original, made, seen, fetch }: Comparison): Promise<Proof> {
  const meters = new Map(fetch.map((name) => [name, new NoiseMeter(name)]));
  const collector = request.samples ? undefined : goal?.collect();
  const start = performance.now();
  let [runs, samples] = [0, 0];
  let failure: string | undefined;
  let known: InventedOptions | undefined;
  const feeds = request.samples
    ? request.samples()
    : madeUp(
        request,
        (found) => (known = found),
        (feeds) => original.run(feeds, fetch),
      );
  for await (const { before, after } of feeds) {
    const wanted = await attempted(
      () => original.run(copiesOf(before), [...fetch, ...reach.outputs]),
      ({ message }) => message,
    );
    if (typeof wanted === 'string') {
      failure = wanted;
      break;
    }
    reach.add(wanted);
    if (seen !== made) await made.run(copiesOf(after), readable(request.after));
    const got = await seen.run(copiesOf(after), fetch);
    for (const [name, meter] of meters) meter.add(wanted[name], got[name]);
    const size = Object.values(before)[0]?.shape[0] ?? 1;
    samples += size;
    try {
      collector?.add({ size, indices: new Int32Array(size), inputs: {} }, got, wanted);
    } catch (error) {
      if (!(error instanceof EspalierError)) throw error;
    }
    runs++;
    if (!request.samples && runs >= LEAST_RUNS && performance.now() - start > LONG) break;
  }
  if (runs === 0) return unproven(request, failure ?? 'no inputs could be made up for it');
  const outputs = [...meters.values()].map((meter) => meter.noise).sort((a, b) => compareRanks(rank(a), rank(b)));
  const low = outputs.filter(({ sqnr = LOW, same = 1 }) => sqnr < LOW || same < 1).map(({ output }) => output);
  const own = known && low.length > 0 ? await ownNoise(request, known, original, low) : undefined;
  const quality = collector && goal && judged(goal, collector);
  const missed = reach.unknown;
  return {
    inputs: request.samples ? 'samples' : 'made-up',
    samples,
    runs,
    outputs,
    ...own,
    ...(missed.length > 0 && { missed }),
    ...(known && { invented: known }),
    ...(quality && { quality }),
  };
}

function judged(goal: Goal, collector: ReturnType<Goal['collect']>): Quality | undefined {
  try {
    return judge({ ...goal, name: 'made-up inputs' }, collector.answers());
  } catch (error) {
    if (error instanceof EspalierError) return undefined;
    throw error;
  }
}

/** Two infinite ranks are alike; their difference would be no number. */
function compareRanks(a: number, b: number): number {
  return a === b ? 0 : a - b;
}

/** What is broken first, then floats by their noise and shares of what is the same, what is not known, and what is identical last. */
function rank({ sqnr, same, remark }: OutputNoise): number {
  if (sqnr !== undefined) return sqnr;
  if (same !== undefined) return same === 1 ? Number.POSITIVE_INFINITY : 1000 * same;
  return remark ? 1e7 : Number.POSITIVE_INFINITY;
}

function unproven({ samples }: ProofRequest, why: string): Proof {
  return {
    inputs: samples ? 'samples' : 'made-up',
    samples: 0,
    runs: 0,
    outputs: [],
    remark: `It could not be run on ${samples ? 'samples' : 'made-up inputs'}: ${why}`,
  };
}

/** Made-up inputs that the original takes: open dimensions have sizes with which it runs. @param found is told with which. */
async function* madeUp(
  { before, invented }: ProofRequest,
  found: (options: InventedOptions) => void,
  run: (feeds: Feeds) => Promise<unknown>,
): AsyncGenerator<RealFeeds> {
  const options = await runnable(before, invented ?? {}, run);
  found(options);
  let first: Feeds | undefined;
  for (let seed = 1; seed <= RUNS; seed++) {
    const feeds = inventedFeeds(before, { ...options, seed });
    // Integers of which nothing is known are all 1: the same inputs are not counted twice.
    if (first && Object.keys(feeds).every((name) => isSame(feeds[name], first?.[name]))) return;
    first ??= feeds;
    yield { before: feeds, after: feeds };
  }
}

function isSame(a: Tensor, b: Tensor | undefined): boolean {
  if (a.dtype === 'string') return true;
  const [own, other] = [a.bytes(), b?.bytes()];
  return own.every((byte, i) => byte === other?.[i]);
}

/** How far the original's outputs stay the same where its inputs are nudged, on the same made-up inputs; nothing where no input is a float. */
async function ownNoise(
  { before }: ProofRequest,
  options: InventedOptions,
  original: Program,
  names: readonly string[],
): Promise<Pick<Proof, 'own' | 'ownSame'> | undefined> {
  if (!before.graph.feeds.some(({ dtype }) => isFloat(dtype))) return undefined;
  const meters = new Map(names.map((name) => [name, new NoiseMeter(name)]));
  for (let seed = 1; seed <= LEAST_RUNS; seed++) {
    const feeds = inventedFeeds(before, { ...options, seed });
    const [wanted, got] = [await original.run(copiesOf(feeds), names), await original.run(nudged(feeds, seed), names)];
    for (const [name, meter] of meters) meter.add(wanted[name], got[name]);
  }
  const found = [...meters.values()].map(({ noise }) => noise);
  const of = (each: 'sqnr' | 'same') =>
    Object.fromEntries(found.flatMap((noise) => (noise[each] === undefined ? [] : [[noise.output, noise[each]] as const])));
  return { own: of('sqnr'), ownSame: of('same') };
}

function nudged(feeds: Feeds, seed: number): Record<string, Tensor> {
  const random = new Random(`nudge ${seed}`);
  const nudge = (tensor: Tensor) => {
    const values = tensor.toFloat32();
    const deviation = NUDGE * Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / Math.max(1, values.length));
    return Tensor.from(
      tensor.dtype,
      tensor.shape,
      values.map((value) => value + deviation * random.normal()),
    );
  };
  return Object.fromEntries(
    Object.entries(copiesOf(feeds)).map(([name, tensor]) => [name, isFloat(tensor.dtype) ? nudge(tensor) : tensor]),
  );
}

/** How models are looked at whose outputs are compared; undefined where none of them holds numbers. */
function goalOf(model: Model): Goal | undefined {
  try {
    const goal = fidelity({ reference: model, ...fidelityOutputs(model) });
    exposed(model, goal);
    return goal;
  } catch (error) {
    if (error instanceof EspalierError) return undefined;
    throw error;
  }
}

const READABLE = /^(float(16|32|64)|u?int(8|16|32|64)|bool|string)$/;

/** Outputs that runtimes hand out: no sequences, maps, or the smallest floats. */
function readable({ graph }: Model): string[] {
  return graph.outputs
    .filter(({ type, dtype }) => type === undefined || (dtype !== undefined && READABLE.test(dtype)))
    .map(({ name }) => name);
}
