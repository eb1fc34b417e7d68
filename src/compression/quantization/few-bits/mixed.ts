import { type Activity, formatBytes, OptionError } from '../../../base/index.js';
import type { Runtime } from '../../../infrastructure/runtime/index.js';
import { isWithin } from '../../../metrics/index.js';
import { encodeModel, type Model } from '../../../onnx/index.js';
import type { Quality, Task } from '../../../training/index.js';
import { type Allocation, allocations } from '../allocate.js';
import { besideFloat } from '../beside-float.js';
import { agrees } from '../candidates.js';
import { type FewBits, type FewLayer, type Width, widthFrom } from './few-layers.js';
import { type LayerNoise, layerNoise } from './layer-noise.js';
import { writeFewBits } from './prepare-few.js';

export interface MixedRequest extends Activity {
  few: FewBits;
  /** The fewest bits of a weight. */
  width: Width;
  /** Without data, layers are chosen by their weights' own errors. */
  task?: Task;
  /** Layers that no sample reaches: they keep 8 bits, or within a budget count by their weights' own errors. Default: none. */
  unseen?: ReadonlySet<FewLayer>;
  runtime: Runtime;
  threads?: number;
  /** Largest loss of the task's metric. Default: the metric's own tolerance. */
  tolerance?: number;
  /** Bytes that the file may have: then the least noise within them is looked for, and the tolerance does not count. */
  budget?: number;
}

export interface Mixed {
  model: Model;
  widths: ReadonlyMap<FewLayer, Width>;
  /** Absent where every layer got the bits that were asked for without measuring. */
  noise?: LayerNoise;
  /** Whether the choice is the best by the sum of the layers' own noise; absent where nothing was chosen. */
  exact?: boolean;
  /** With data: of the float model, of this one, and with the fewest bits everywhere. */
  quality?: { before: Quality; after: Quality; whole: Quality };
}

/** A weight that loses more of itself than this keeps more bits where nothing can be measured: noise to signal, by bits. */
const MOST_ERROR: Readonly<Record<Width, number>> = { 2: 0.25, 4: 0.05, 8: Number.POSITIVE_INFINITY };

/** Models that are measured on the way to the smallest that is good enough. */
const MOST_TRIES = 8;

/**
 * Bits for each layer: as few as were asked for where that loses no more than the tolerance; else the smallest file that does, among those that lose least for
 * their size by the sum of the layers' own noise; or the least noise within a budget of bytes.
 * @throws OptionError for a budget that no choice keeps.
 */
export async function mixed(request: MixedRequest): Promise<Mixed> {
  const { task, budget } = request;
  if (budget !== undefined) return withinBudget(request, budget);
  return task && hasSamples(task) ? withinTolerance({ ...request, task }) : byOwnErrors(request);
}

function hasSamples({ splits }: Task): boolean {
  return splits.validation.size + splits.calibration.size > 0;
}

function byOwnErrors({ few, width }: MixedRequest): Mixed {
  const widths = new Map(
    few.layers.map((layer) => {
      const least = widthFrom(layer, width);
      const usable = [...layer.forms].filter(([each]) => each >= least);
      const [good] = usable.find(([each, { error }]) => error <= MOST_ERROR[each]) ?? usable[usable.length - 1];
      return [layer, good];
    }),
  );
  return { widths, model: written(few, widths) };
}

async function withinTolerance(request: MixedRequest & { task: Task }): Promise<Mixed> {
  const { few, task } = request;
  const { tolerance = task.metric.tolerance } = request;
  return besideFloat({ ...request, model: few.model }, async ({ before, qualityOf }) => {
    const attempt = async (widths: ReadonlyMap<FewLayer, Width>) => {
      const model = written(few, widths);
      const quality = await qualityOf(model);
      const given = { before: before.value, after: quality.value, samples: before.samples };
      return { model, widths, quality, fits: isWithin(task.metric, given, tolerance) && agrees(quality, tolerance) };
    };
    const whole = await attempt(new Map(few.layers.map((layer) => [layer, leastOf(request, layer)])));
    if (whole.fits) return { ...whole, quality: { before, after: whole.quality, whole: whole.quality } };
    const noise = await layerNoise(request);
    const { front, exact } = choicesOf(request, noise);
    // Measured losses are no smooth function of bytes: that the largest loses too much says nothing of the others.
    let best: Awaited<ReturnType<typeof attempt>> | undefined;
    let [low, high] = [0, front.length - 1];
    for (let tries = 1; low <= high && tries <= MOST_TRIES; tries++) {
      const middle = (low + high) >> 1;
      const candidate = await attempt(widthsOf(request, front[middle]));
      const facts = { [candidate.quality.metric]: candidate.quality.value };
      request.onProgress?.({ task: 'quantize', done: tries, total: MOST_TRIES, facts });
      if (candidate.fits) [best, high] = [candidate, middle - 1];
      else low = middle + 1;
    }
    best ??= await attempt(widthsOf(request, front[front.length - 1]));
    return { ...best, noise, exact, quality: { before, after: best.quality, whole: whole.quality } };
  });
}

async function withinBudget(request: MixedRequest, budget: number): Promise<Mixed> {
  const { few, width } = request;
  const task = request.task && hasSamples(request.task) ? request.task : undefined;
  const noise = await layerNoise({ ...request, task });
  const { front, exact } = choicesOf(request, noise);
  const make = (index: number) => {
    const widths = widthsOf(request, front[index]);
    const model = written(few, widths);
    return { model, widths, bytes: encodeModel(model).length };
  };
  let index = front.length - 1;
  let made = make(index);
  // What a file holds beside the weights is not known before one is written.
  while (made.bytes > budget && index > 0) {
    const room = budget - (made.bytes - front[index].cost);
    const fitting = front.findLastIndex((each) => each.cost <= room);
    index = Math.max(0, Math.min(index - 1, fitting));
    made = make(index);
  }
  const { model, widths, bytes } = made;
  if (bytes > budget)
    throw new OptionError({
      what: 'The budget is too small',
      expected: `${formatBytes(bytes)} or more with weights of ${width} bits and up`,
      got: formatBytes(budget),
      fix: width > 2 ? 'Allow fewer bits, prune first, or give a larger budget.' : 'Prune first, or give a larger budget.',
    });
  if (!task) return { model, widths, noise, exact };
  return besideFloat({ ...request, task, model: few.model }, async ({ before, qualityOf }) => {
    const after = await qualityOf(model);
    return { model, widths, noise, exact, quality: { before, after, whole: after } };
  });
}

function choicesOf(request: MixedRequest, noise: LayerNoise) {
  return allocations(
    request.few.layers.map((layer) =>
      formsOf(request, layer).map(([width, { bytes }]) => ({ cost: bytes, loss: noise.get(layer)?.get(width) ?? 0 })),
    ),
  );
}

function widthsOf(request: MixedRequest, { picks }: Allocation): Map<FewLayer, Width> {
  return new Map(request.few.layers.map((layer, i) => [layer, formsOf(request, layer)[picks[i]][0]]));
}

/** The ways to store a layer that are allowed. */
function formsOf(request: MixedRequest, layer: FewLayer) {
  const least = leastOf(request, layer);
  return [...layer.forms].filter(([each]) => each >= least);
}

/** The fewest bits that a layer may have. */
function leastOf({ width, budget, unseen }: MixedRequest, layer: FewLayer): Width {
  return widthFrom(layer, budget === undefined && unseen?.has(layer) ? 8 : width);
}

function written(few: FewBits, widths: ReadonlyMap<FewLayer, Width>): Model {
  return writeFewBits(few, (layer) => widths.get(layer) as Width);
}
