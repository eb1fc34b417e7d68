import type { Activity } from '../../base/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import { isWithin, lossBetween, worth } from '../../metrics/index.js';
import type { Quality, Task } from '../../training/index.js';
import { type BesideFloat, besideFloat, FEWEST_SAMPLES } from './beside-float.js';
import type { Plan } from './plan.js';
import { type CalibrationOptions, type Prepared, planStoring, planWithout, writePrepared } from './prepared.js';
import { type Repair, repaired } from './repairs.js';

export interface CandidateRequest extends Activity {
  prepared: Prepared;
  task: Task;
  runtime: Runtime;
  /** Largest loss of the task's metric; see `lossBetween` in metrics. A single sample that changes sides is never too much. Default: the metric's own tolerance. */
  tolerance?: number;
  threads?: number;
  /** Repairs that are tried where everything quantized loses too much, and kept where it then loses less. Default: none. */
  repairs?: readonly Repair[];
  /** Options of the calibration, for models that repairs change. */
  options?: CalibrationOptions;
}

/** A search that has begun. */
export interface Search extends CandidateRequest, BesideFloat {
  tolerance: number;
}

/** A choice of layers, measured. Its model is written once more where it is the chosen one: many of them would take many times the model's memory. */
export interface Candidate {
  plan: Plan;
  quality: Quality;
  restored: readonly string[];
  /** Whether layers in float store their weights as integers. */
  stores?: true;
}

/** Everything quantized, after the repairs that helped. */
export interface Whole {
  search: Search;
  whole: Candidate;
}

/**
 * Quantizes everything, with repairs where that loses too much, and hands the result to `use`. All candidates are compared with the same reference, which
 * is compiled once.
 */
export async function withWhole<T>(request: CandidateRequest, use: (whole: Whole) => Promise<T>): Promise<T> {
  const { prepared, task, tolerance = task.metric.tolerance } = request;
  return besideFloat({ ...request, model: prepared.model }, async (beside) => {
    const plain = { ...request, ...beside, tolerance };
    const first = await attempt(plain, []);
    return use(fits(plain, first) ? { search: plain, whole: first } : await repairedWhole(plain, first));
  });
}

/**
 * Tries one repair after the other, each on what those before it made better, until the whole integer model is good enough. One that takes away less than half
 * of what is lost is left out: on the few samples of a measurement that may be chance.
 */
async function repairedWhole(plain: Search, first: Candidate): Promise<Whole> {
  let [search, whole] = [plain, first];
  for (const repair of plain.repairs ?? []) {
    if (fits(search, whole)) break;
    const { options, task, runtime, threads, signal, onProgress } = plain;
    const prepared = await repaired(search.prepared, repair, { ...options, task, runtime, threads, signal, onProgress });
    if (!prepared) continue;
    const changed = { ...search, prepared };
    const candidate = await attempt(changed, []);
    if (fits(changed, candidate) || isHalved(search, whole, candidate)) [search, whole] = [changed, candidate];
  }
  return { search, whole };
}

function isHalved(search: Search, before: Candidate, after: Candidate): boolean {
  const { agreement: old } = before.quality;
  const { agreement: now } = after.quality;
  if (old && now && !agrees(before.quality, search.tolerance)) return 1 - now.value <= (1 - old.value) / 2;
  return lossOf(search, after) <= lossOf(search, before) / 2;
}

/** Loss of the task's metric to the float model. */
export function lossOf({ task, before }: Search, { quality }: Candidate): number {
  return lossBetween(task.metric, before.value, quality.value);
}

export function fits({ task, before, tolerance }: Search, candidate: Candidate): boolean {
  const { quality } = candidate;
  const measured = { before: before.value, after: quality.value, samples: before.samples };
  const isNoisy = candidate.quality.samples < FEWEST_SAMPLES && (outputSqnrOf(candidate) ?? CLEAR) < CLEAR;
  return isWithin(task.metric, measured, tolerance) && agrees(quality, tolerance) && !(isNoisy && tolerance <= task.metric.tolerance);
}

/** SQNR in dB of the worst output without which it says little that few samples are answered alike. */
const CLEAR = 15;

/** SQNR in dB of the output that follows the float model least, where the float model is the truth. */
export function outputSqnrOf({ quality }: Candidate): number | undefined {
  return quality.details.outputSqnr;
}

/** Share of the answers that may be others than the float model's, beyond those that the tolerance gives away: gains and losses may cancel out. */
const MOST_CHANGED = 0.1;

export function agrees({ agreement }: Quality, tolerance: number): boolean {
  return agreement?.measure !== 'share' || agreement.value >= 1 - MOST_CHANGED - tolerance;
}

/** By the worst output where the float model is the truth, else by agreement where that is too low in one of them, else by the metric. */
export function isBetter(a: Candidate, b: Candidate, { task, tolerance }: Search): boolean {
  const [own, other] = [outputSqnrOf(a), outputSqnrOf(b)];
  if (own !== undefined && other !== undefined) return own > other;
  if (!agrees(a.quality, tolerance) || !agrees(b.quality, tolerance))
    return (a.quality.agreement?.value ?? 1) > (b.quality.agreement?.value ?? 1);
  return worth(task.metric, a.quality.value) > worth(task.metric, b.quality.value);
}

/** The integer model without the layers that were put back into float, measured. */
export function attempt(request: Search, restored: readonly string[]): Promise<Candidate> {
  return measured(request, restored, restored.length === 0 ? request.prepared.plan : planWithout(request.prepared, restored));
}

/** The same with weights stored as integers where layers compute in float. */
export async function attemptStoring(request: Search, restored: readonly string[]): Promise<Candidate> {
  const plan = planWithout(request.prepared, restored);
  const candidate = await measured(request, restored, planStoring(request.prepared, { plan, restored }) ?? plan);
  return { ...candidate, stores: true };
}

/** Noise that storing weights as integers may add to that of the worst output, in dB. */
const MOST_ADDED = 1;

/**
 * A candidate whose layers in float store their weights as integers, where that makes the model no worse: the file is smaller, and a runtime turns them into
 * floats once.
 */
export async function withStored(search: Search, candidate: Candidate): Promise<Candidate> {
  const plan = candidate.stores ? undefined : planStoring(search.prepared, candidate);
  if (!plan) return candidate;
  const stored = await measured(search, candidate.restored, plan);
  if (fits(search, stored)) return stored;
  const [now, then] = [outputSqnrOf(stored), outputSqnrOf(candidate)];
  const isAsGood = now !== undefined && then !== undefined ? now >= then - MOST_ADDED : !isBetter(candidate, stored, search);
  return isAsGood && !fits(search, candidate) ? stored : candidate;
}

async function measured(request: Search, restored: readonly string[], plan: Plan): Promise<Candidate> {
  const { prepared } = request;
  const quality = await request.qualityOf(writePrepared(prepared, plan));
  request.onProgress?.({
    task: 'quantize',
    done: plan.layers.length,
    total: prepared.plan.layers.length,
    facts: { [quality.metric]: quality.value, float: restored.length },
  });
  return { plan, quality, restored };
}
