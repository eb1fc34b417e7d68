import { type Activity, nested } from '../base/index.js';
import { type Batch, type Dataset, subset } from '../data/index.js';
import { simplify } from '../infrastructure/compiler/index.js';
import type { Runtime } from '../infrastructure/runtime/index.js';
import { modalityOf, type Shown } from '../modalities/index.js';
import type { Model, Tensor } from '../onnx/index.js';
import { answersOf, batchSizeOf, exposed, judge, type Task } from '../training/index.js';
import { type Change, changesBetween, changesByClass } from './changes.js';
import type { ChangedSample, DiffInfo } from './info.js';
import { layerCauses } from './layers.js';

export interface DiffRequest extends Activity {
  before: { name: string; model: Model };
  after: { name: string; model: Model };
  /** What both models are for. */
  task: Task;
  runtime: Runtime;
  /** Which part of the data. Default: test. */
  split?: 'train' | 'calibration' | 'validation' | 'test';
  /** Samples that are shown, at most. Default: 20. */
  most?: number;
  threads?: number;
}

/** Changed samples that layers are looked at with: as many as are sure to say which it is, in little memory. */
const LAYER_SAMPLES = 32;

/** Compares what two models answer on the same data: which samples changed, how classes fared, and which layer's change is behind it. */
export async function diff(request: DiffRequest): Promise<DiffInfo> {
  const { before, after, task, runtime, split = 'test', most = 20, threads, signal } = request;
  const options = { split, threads, signal };
  const first = await answersOf(before.model, task, runtime, { ...options, ...nested(request, 'before') });
  const second = await answersOf(after.model, task, runtime, { ...options, ...nested(request, 'after') });
  const compared = changesBetween(first, second, task.parts);
  const changes = compared ?? [];
  const worst = await show(changes.slice(0, most), task.splits[split]);
  return {
    models: { before: before.name, after: after.name },
    task: { kind: task.kind, title: task.title },
    split,
    quality: { before: judge(task, first), after: judge(task, second, first) },
    samples: first.size,
    ...(compared && { changed: compared.length }),
    classes: changesByClass(first, changes, task.parts),
    worst,
    ...(await layersOf(request, changes, task.splits[split])),
  };
}

async function show(changes: readonly Change[], dataset: Dataset): Promise<ChangedSample[]> {
  const [spec] = dataset.inputs;
  const shown: ChangedSample[] = [];
  for (const change of changes) {
    const batch = await dataset.read(Int32Array.of(change.index));
    shown.push({ ...change, shown: shownSample(batch, spec) });
  }
  return shown;
}

function shownSample({ inputs }: Batch, spec: Dataset['inputs'][number]): Shown {
  return modalityOf(spec.kind).show(inputs[spec.name], spec);
}

async function layersOf(
  request: DiffRequest,
  changes: readonly Change[],
  dataset: Dataset,
): Promise<Pick<DiffInfo, 'layers' | 'layersNote'>> {
  const { before, after, task } = request;
  if ([before, after].some(({ model }) => batchSizeOf(model, task, 0) !== 0))
    return { layers: [], layersNote: 'Layers are not compared: a batch size is fixed.' };
  // Where no answer changed, or none is kept sample by sample, any samples tell which layer is furthest from what it was.
  const chosen = changes.length > 0 ? changes.map(({ index }) => index) : [...Array(dataset.size).keys()];
  const part = subset(dataset, Int32Array.from(chosen.slice(0, LAYER_SAMPLES)));
  const batch = await part.read(Int32Array.from({ length: part.size }, (_, i) => i));
  // Normalizations that one model has folded into its convolutions are folded in both: a value of one name then means the same.
  const [first, second] = await Promise.all([before, after].map(({ model }) => simplify(exposed(model, task), request.runtime)));
  const layers = await layerCauses({
    ...request,
    before: first,
    after: second,
    batch,
    countChanged: (a, b) => changedIn(task, batch, a, b),
  });
  if (layers.length === 0)
    return { layers, layersNote: 'Layers are not compared: the models have no inner values of the same name and shape.' };
  const what = changes.length > 0 ? `${part.size} changed samples` : `${part.size} samples`;
  return { layers, layersNote: `Each layer alone exchanged in ${before.name} for that of ${after.name}, on ${what}.` };
}

function changedIn(task: Task, batch: Batch, before: Record<string, Tensor>, after: Record<string, Tensor>): number | undefined {
  const answers = [before, after].map((outputs) => {
    const collector = task.collect();
    collector.add(batch, outputs, before);
    return collector.answers();
  });
  return changesBetween(answers[0], answers[1], task.parts)?.length;
}
