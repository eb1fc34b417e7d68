import type { Activity } from '../../base/index.js';
import { footprint } from '../../infrastructure/hardware/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import { type Answers, isWithin, lossBetween, worth } from '../../metrics/index.js';
import type { Model } from '../../onnx/index.js';
import { answersOf, type EvaluateOptions, evaluate, judge, type Quality, type Task } from '../../training/index.js';
import type { Plan } from './plan.js';
import { type LayerSensitivity, measureSensitivity } from './sensitivity.js';
import { type Prepared, planWithout } from './static.js';
import { writeQuantized } from './write.js';

export interface SearchRequest extends Activity {
  prepared: Prepared;
  task: Task;
  runtime: Runtime;
  /** Largest loss of the task's metric; see `lossBetween` in metrics. A single sample that changes sides is never too much. Default: the metric's own tolerance. */
  tolerance?: number;
  /** Measure each layer's sensitivity also where nothing has to be left in float. */
  sensitivity: boolean;
  threads?: number;
}

export interface SearchResult {
  model: Model;
  plan: Plan;
  /** Layers that were put back into float, by name. */
  restored: readonly string[];
  sensitivity: readonly LayerSensitivity[];
  /**
   * Quality of the float model and of the result, on the validation part (the calibration part where that is empty), or on its first samples
   * where the model is costly.
   */
  before: Quality;
  after: Quality;
  /** Loss of the result, and with everything quantized; see `lossBetween` in metrics. */
  loss: number;
  wholeLoss: number;
  /** Share of the answers that are others than the float model's with everything quantized, where that was too many. */
  wholeChange?: number;
}

/** A search that has begun. */
interface Search extends SearchRequest {
  /** The float model's answers on the samples that candidates are measured on. */
  original: Answers;
  tolerance: number;
}

interface Candidate {
  model: Model;
  plan: Plan;
  quality: Quality;
  restored: readonly string[];
}

/**
 * Quantizes as much as the tolerance allows: everything, or else everything but the fewest of the most sensitive layers. Their number is found
 * by doubling and halving, each try measured as the integer model that would be shipped.
 */
export async function quantizeWithin(request: SearchRequest): Promise<SearchResult> {
  const { prepared, task } = request;
  const { metric } = task;
  const original = await answersOf(prepared.model, task, request.runtime, measuring(request));
  const before = judge(task, original);
  const search = { ...request, original, tolerance: request.tolerance ?? metric.tolerance };
  const { tolerance } = search;
  const whole = await attempt(search, []);
  const lossOf = (quality: Quality) => lossBetween(metric, before.value, quality.value);
  const fits = ({ quality }: Candidate) =>
    isWithin(metric, { before: before.value, after: quality.value, samples: before.samples }, tolerance) && agrees(quality, tolerance);
  const needed = !fits(whole);
  const sensitivity = needed || request.sensitivity ? await measureSensitivity({ ...request, prepared, task }) : [];
  const best = needed ? await fewestRestored(search, whole, sensitivity, fits) : whole;
  const { model, plan, restored, quality: after } = best;
  return {
    model,
    plan,
    restored,
    sensitivity,
    before,
    after,
    loss: lossOf(after),
    wholeLoss: lossOf(whole.quality),
    ...changeOf(whole.quality, tolerance),
  };
}

/** Share of the answers that may be others than the float model's, beyond those that the tolerance gives away: gains and losses may cancel out. */
const MOST_CHANGED = 0.1;

function agrees({ agreement }: Quality, tolerance: number): boolean {
  return agreement?.measure !== 'share' || agreement.value >= 1 - MOST_CHANGED - tolerance;
}

function changeOf(quality: Quality, tolerance: number): Pick<SearchResult, 'wholeChange'> {
  return agrees(quality, tolerance) ? {} : { wholeChange: 1 - (quality.agreement?.value as number) };
}

/** By agreement where that is too low in one of them, else by the metric. */
function isBetter(a: Quality, b: Quality, { metric }: Task, tolerance: number): boolean {
  if (!agrees(a, tolerance) || !agrees(b, tolerance)) return (a.agreement?.value ?? 1) > (b.agreement?.value ?? 1);
  return worth(metric, a.value) > worth(metric, b.value);
}

async function fewestRestored(
  request: Search,
  whole: Candidate,
  sensitivity: readonly LayerSensitivity[],
  fits: (candidate: Candidate) => boolean,
): Promise<Candidate> {
  const order = sensitivity.map(({ layer }) => layer);
  const restore = (count: number) => attempt(request, order.slice(0, count));
  // With every layer in float there would be nothing to quantize.
  const most = request.prepared.plan.layers.length === order.length ? order.length - 1 : order.length;
  let [low, high] = [0, Math.min(1, most)];
  let best = whole;
  let found: Candidate | undefined;
  while (high > low && !found) {
    const candidate = await restore(high);
    if (isBetter(candidate.quality, best.quality, request.task, request.tolerance)) best = candidate;
    if (fits(candidate)) found = candidate;
    else [low, high] = [high, Math.min(most, high * 2)];
  }
  if (!found) return best;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    const candidate = await restore(middle);
    if (fits(candidate)) [found, high] = [candidate, middle];
    else low = middle;
  }
  return found;
}

async function attempt(request: Search, restored: readonly string[]): Promise<Candidate> {
  const { prepared } = request;
  const plan = restored.length === 0 ? prepared.plan : planWithout(prepared, restored);
  const { model } = writeQuantized({ ...prepared, plan });
  const quality = await evaluate(model, request.task, request.runtime, { ...measuring(request), original: request.original });
  request.onProgress?.({
    task: 'quantize',
    done: plan.layers.length,
    total: prepared.plan.layers.length,
    facts: { [quality.metric]: quality.value, float: restored.length },
  });
  return { model, plan, quality, restored };
}

/** Multiply-accumulates that one measurement of quality may take, and the samples that it takes at least. */
const WORK = 1e12;
const FEWEST_SAMPLES = 200;

/** How models are measured: on the validation part where there is one, on fewer samples the more a model computes. */
function measuring({ prepared, task, threads, signal }: SearchRequest): EvaluateOptions {
  const split = task.splits.validation.size > 0 ? 'validation' : 'calibration';
  const { macs } = footprint(prepared.model, { bytes: 0 });
  const limit = Math.max(FEWEST_SAMPLES, Math.floor(WORK / Math.max(1, macs)));
  return { split, limit, threads, signal };
}
