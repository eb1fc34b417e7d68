import { OptionError } from '../../../base/index.js';
import { compareLatency, withinSeconds } from '../../../infrastructure/hardware/node/index.js';
import { batchSizeOf, feedsOf, type Task } from '../../../training/index.js';
import { type Allocation, allocations } from '../allocate.js';
import { type Prepared, planWithout, writePrepared } from '../prepared.js';
import { measureSensitivity } from '../sensitivity.js';
import { prepareStatic, type StaticOptions } from '../static.js';
import { type FasterRequest, layerTimes } from './fastest.js';
import type { LayerTime } from './time-table.js';

export interface WithinTimeRequest extends Omit<FasterRequest, 'mode'> {
  task: Task;
  /** Milliseconds that a run of as few samples as the model takes may last. */
  budget: number;
  /** How ranges are chosen, and what is left out beforehand. */
  options?: Pick<StaticOptions, 'calibration' | 'samples' | 'exclude' | 'equalize' | 'smooth'>;
}

/** Layers that stay in float so that a model loses least within a time. */
export interface WithinTime {
  /** Layers to leave in float, by name. */
  readonly float: readonly string[];
  /** Median milliseconds of a run, measured. */
  readonly before: number;
  readonly after: number;
  /** Whether the choice is the best by the sum of the layers' own times and noise. */
  readonly exact: boolean;
  /** Layers that could not be timed alone, which are quantized. */
  readonly unknown: readonly string[];
}

/** Models that are timed on the way, at most. */
const MOST_TRIES = 6;
/** Share of the time that is used well enough. */
const NEAR = 0.9;
const SECONDS = 0.5;
const MOST_SECONDS = 2;

/**
 * Which layers to leave in float in static quantization so that the model keeps a time and loses least: the exact choice by the layers' own times and by the
 * noise that each alone makes, then timed as a whole, because what conversions between the types cost is not known before.
 * @throws OptionError for a budget that no choice keeps, or the float model does; otherwise as `slowerLayers`.
 */
export async function layersWithinTime(request: WithinTimeRequest): Promise<WithinTime> {
  const { task, runtime, threads = 1, signal, onProgress, budget, options = {} } = request;
  const { times, unknown } = await layerTimes({ ...request, mode: 'static' });
  const prepared = await prepareStatic(request.model, task, runtime, { ...options, threads, signal, onProgress });
  const timer = await timerOf(request, prepared);
  if (timer.before <= budget)
    throw new OptionError({
      what: 'The model keeps that time as it is',
      expected: `less than ${timer.before.toPrecision(3)} ms, which it takes on this machine`,
      got: `${budget} ms`,
    });
  const { choices, front, exact, rest } = await chosen(request, prepared, { times, whole: timer.before });
  let best: Pick<WithinTime, 'float' | 'after'> | undefined;
  let least = Number.POSITIVE_INFINITY;
  // The front goes from all in integers to all in float, which is not asked for; what keeps the time and what does not is narrowed down from both sides.
  let [low, high] = [-1, Math.max(1, front.length - 1)];
  let place = placeOf(front, budget - rest, { low, high });
  for (let tries = 1; tries <= MOST_TRIES && high - low > 1; tries++) {
    const float = choices.filter((_, index) => front[place].picks[index] === FLOAT);
    const after = await timer.of(float);
    least = Math.min(least, after);
    onProgress?.({ task: 'fit time', done: tries, total: MOST_TRIES, facts: { milliseconds: after } });
    if (after <= budget) [best, low] = [{ float, after }, place];
    else high = place;
    if (after <= budget && after > NEAR * budget) break;
    place = placeOf(front, ((front[place].cost + rest) * budget) / after - rest, { low, high });
  }
  if (best) return { ...best, before: timer.before, exact, unknown };
  throw tooShort({ least, before: timer.before, budget, threads });
}

/** Why no choice keeps a time: all in milliseconds. @param least the shortest of what was tried in integers. */
export function tooShort({ least, before, budget, threads }: Record<'least' | 'before' | 'budget' | 'threads', number>): OptionError {
  const where = `with ${threads} thread${threads === 1 ? '' : 's'} on this machine`;
  if (least >= before)
    return new OptionError({
      what: `Integers are not faster than floats here: the shortest time is ${least.toPrecision(3)} ms, and ${before.toPrecision(3)} ms in float, ${where}`,
      got: `${budget} ms`,
      fix: 'Prune instead; for the size alone quantize without a limit of time.',
    });
  return new OptionError({
    what: 'The time is too short',
    expected: `${least.toPrecision(3)} ms or more ${where}; ${before.toPrecision(3)} ms in float`,
    got: `${budget} ms`,
    fix: 'Prune first, or give more time.',
  });
}

const FLOAT = 0;

/** The last place strictly between two whose choice costs no more than this; the first there where none does. */
function placeOf(front: readonly Allocation[], cost: number, { low, high }: { low: number; high: number }): number {
  const found = front.findLastIndex((each) => each.cost <= cost);
  return Math.max(0, low + 1, Math.min(high - 1, found));
}

/** Both types of each layer, with the time that each takes and the noise that it makes. */
async function chosen(
  { task, runtime, threads, signal, onProgress }: WithinTimeRequest,
  prepared: Prepared,
  { times, whole }: { times: ReadonlyMap<string, LayerTime>; whole: number },
) {
  const sensitivity = await measureSensitivity({ prepared, task, runtime, threads, signal, onProgress });
  const noise = new Map(sensitivity.map((each) => [each.layer, each.noise]));
  // Layers that were not measured are those whose own numbers change least.
  const little = sensitivity.at(-1)?.noise ?? 0;
  const timed = prepared.plan.layers.flatMap(({ node }) => {
    const time = times.get(node);
    return time ? [{ node, time }] : [];
  });
  const { front, exact } = allocations(
    timed.map(({ node, time: { float, ratio } }) => [
      { cost: float, loss: 0 },
      { cost: float * ratio, loss: noise.get(node) ?? little },
    ]),
  );
  const rest = whole - timed.reduce((sum, { time }) => sum + time.float, 0);
  return { choices: timed.map(({ node }) => node), front, exact, rest: Math.max(0, rest) };
}

/** Times the model with some layers in float, beside the float model. */
async function timerOf({ model, task, runtime, threads = 1, signal }: WithinTimeRequest, prepared: Prepared) {
  const size = batchSizeOf(model, task, 1);
  const feeds = feedsOf(task.feeds, await task.splits.calibration.read(new Int32Array(size)));
  const measured = async (float: readonly string[]) => {
    const plan = planWithout(prepared, float);
    const comparison = await compareLatency(runtime, [model, writePrepared(prepared, plan)], {
      feeds,
      threads,
      signal,
      ...withinSeconds(SECONDS, MOST_SECONDS),
    });
    return comparison.map(({ p50 }) => p50);
  };
  const [before] = await measured([]);
  return { before, of: async (float: readonly string[]) => (await measured(float))[1] };
}
