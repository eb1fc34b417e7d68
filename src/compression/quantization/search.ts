import type { Activity } from '../../base/index.js';
import { footprint } from '../../infrastructure/hardware/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import { type Answers, isWithin, lossBetween, worth } from '../../metrics/index.js';
import type { Model } from '../../onnx/index.js';
import { answersOf, type EvaluateOptions, evaluate, judge, type Quality, type Task } from '../../training/index.js';
import type { Plan } from './plan.js';
import { type CalibrationOptions, type Prepared, planWithout, writePrepared } from './prepared.js';
import { type Repair, repaired } from './repairs.js';
import { type LayerSensitivity, measureSensitivity } from './sensitivity.js';

export interface SearchRequest extends Activity {
  prepared: Prepared;
  task: Task;
  runtime: Runtime;
  /** Largest loss of the task's metric; see `lossBetween` in metrics. A single sample that changes sides is never too much. Default: the metric's own tolerance. */
  tolerance?: number;
  /** Measure each layer's sensitivity also where nothing has to be left in float. */
  sensitivity: boolean;
  threads?: number;
  /** Repairs that are tried where everything quantized loses too much, and kept where it then loses less. Default: none. */
  repairs?: readonly Repair[];
  /** Options of the calibration, for models that repairs change. */
  options?: CalibrationOptions;
}

export interface SearchResult {
  model: Model;
  plan: Plan;
  /** What was quantized: the request's, or what repairs made of it. */
  prepared: Prepared;
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
  before: Quality;
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
  const { task } = request;
  const { metric } = task;
  const original = await answersOf(request.prepared.model, task, request.runtime, measuring(request));
  const before = judge(task, original);
  const plain = { ...request, original, before, tolerance: request.tolerance ?? metric.tolerance };
  const { tolerance } = plain;
  const first = await attempt(plain, []);
  const { search, whole } = fits(plain, first) ? { search: plain, whole: first } : await repairedWhole(plain, first);
  const { prepared } = search;
  const needed = !fits(search, whole);
  const sensitivity = needed || request.sensitivity ? await measureSensitivity(search) : [];
  const best = needed ? await fewestRestored(search, whole, sensitivity) : whole;
  const { model, plan, restored, quality: after } = best;
  return {
    model,
    plan,
    prepared,
    restored,
    sensitivity,
    before,
    after,
    loss: lossOf(search, best),
    wholeLoss: lossOf(search, whole),
    ...changeOf(whole.quality, tolerance),
  };
}

function lossOf({ task, before }: Search, { quality }: Candidate): number {
  return lossBetween(task.metric, before.value, quality.value);
}

function fits({ task, before, tolerance }: Search, { quality }: Candidate): boolean {
  const measured = { before: before.value, after: quality.value, samples: before.samples };
  return isWithin(task.metric, measured, tolerance) && agrees(quality, tolerance);
}

/** Tries one repair after the other, each on what those before it made better, until the whole integer model is good enough. */
async function repairedWhole(plain: Search, first: Candidate): Promise<{ search: Search; whole: Candidate }> {
  let [search, whole] = [plain, first];
  for (const repair of plain.repairs ?? []) {
    if (fits(search, whole)) break;
    const { options, task, runtime, threads, signal, onProgress } = plain;
    const prepared = await repaired(search.prepared, repair, { ...options, task, runtime, threads, signal, onProgress });
    if (!prepared) continue;
    const changed = { ...search, prepared };
    const candidate = await attempt(changed, []);
    if (isBetter(candidate.quality, whole.quality, search)) [search, whole] = [changed, candidate];
  }
  return { search, whole };
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
function isBetter(a: Quality, b: Quality, { task, tolerance }: Search): boolean {
  if (!agrees(a, tolerance) || !agrees(b, tolerance)) return (a.agreement?.value ?? 1) > (b.agreement?.value ?? 1);
  return worth(task.metric, a.value) > worth(task.metric, b.value);
}

/** The number is looked for around the one that the layers' own noise foretells: outwards in growing steps, then in between. */
async function fewestRestored(search: Search, whole: Candidate, sensitivity: readonly LayerSensitivity[]): Promise<Candidate> {
  const order = sensitivity.map(({ layer }) => layer);
  // With every layer in float there would be nothing to quantize.
  const most = search.prepared.plan.layers.length === order.length ? order.length - 1 : order.length;
  if (most < 1) return whole;
  let best = whole;
  let found: Candidate | undefined;
  let [low, high] = [0, most + 1];
  const measure = async (count: number) => {
    const candidate = await attempt(search, order.slice(0, count));
    if (isBetter(candidate.quality, best.quality, search)) best = candidate;
    if (fits(search, candidate)) [found, high] = [candidate, count];
    else low = count;
  };
  const start = foretold(search, whole, sensitivity, most);
  await measure(start);
  const upwards = !found;
  for (let step = 1; high - low > 1 && (upwards ? !found : low === 0); step *= 2)
    await measure(upwards ? Math.min(most, low + step) : Math.max(1, high - step));
  while (found && high - low > 1 + Math.floor(order.length / COARSE)) await measure((low + high) >> 1);
  return found ?? best;
}

/** Of so many layers, one more or less in float makes no difference that is worth another measurement. */
const COARSE = 64;

/** The fewest layers without which the noise that is left is the share of the whole that the tolerance allows. */
function foretold(search: Search, whole: Candidate, sensitivity: readonly LayerSensitivity[], most: number): number {
  const noise = sensitivity.reduce((sum, each) => sum + each.noise, 0);
  const loss = lossOf(search, whole);
  if (!(loss > search.tolerance) || !(noise > 0) || !Number.isFinite(noise)) return 1;
  let left = noise;
  const count = sensitivity.findIndex((each) => {
    const isEnough = left / noise <= search.tolerance / loss;
    left -= each.noise;
    return isEnough;
  });
  return Math.min(most, Math.max(1, count === -1 ? most : count));
}

async function attempt(request: Search, restored: readonly string[]): Promise<Candidate> {
  const { prepared } = request;
  const plan = restored.length === 0 ? prepared.plan : planWithout(prepared, restored);
  const model = writePrepared(prepared, plan);
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
