import type { Activity } from '../../base/index.js';
import { footprint } from '../../infrastructure/hardware/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import type { Model } from '../../onnx/index.js';
import { evaluate, type Quality, type Task } from '../../training/index.js';
import type { Plan } from './plan.js';
import { type LayerSensitivity, measureSensitivity } from './sensitivity.js';
import { type Prepared, planWithout } from './static.js';
import { writeQuantized } from './write.js';

export interface SearchRequest extends Activity {
  prepared: Prepared;
  task: Task;
  runtime: Runtime;
  /** Largest loss of the task's metric. A single sample that changes sides is never too much. */
  tolerance: number;
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
  /** Loss with everything quantized. */
  wholeLoss: number;
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
  const { prepared, task, tolerance } = request;
  const before = await qualityOf(prepared.model, request);
  const whole = await attempt(request, []);
  const allowed = Math.max(tolerance, before.metric === 'r2' ? 0 : 1.001 / before.samples);
  const fits = ({ quality }: Candidate) => before.value - quality.value <= allowed;
  const needed = !fits(whole);
  const sensitivity = needed || request.sensitivity ? await measureSensitivity({ ...request, prepared, task }) : [];
  const best = needed ? await fewestRestored(request, whole, sensitivity, fits) : whole;
  const { model, plan, restored, quality: after } = best;
  return { model, plan, restored, sensitivity, before, after, wholeLoss: before.value - whole.quality.value };
}

async function fewestRestored(
  request: SearchRequest,
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
    if (candidate.quality.value > best.quality.value) best = candidate;
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

async function attempt(request: SearchRequest, restored: readonly string[]): Promise<Candidate> {
  const { prepared } = request;
  const plan = restored.length === 0 ? prepared.plan : planWithout(prepared, restored);
  const { model } = writeQuantized({ ...prepared, plan });
  const quality = await qualityOf(model, request);
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

function qualityOf(model: Model, { prepared, task, runtime, threads, signal }: SearchRequest): Promise<Quality> {
  const split = task.splits.validation.size > 0 ? 'validation' : 'calibration';
  const { macs } = footprint(prepared.model, { bytes: 0 });
  const limit = Math.max(FEWEST_SAMPLES, Math.floor(WORK / Math.max(1, macs)));
  return evaluate(model, task, runtime, { split, limit, threads, signal });
}
