import { type Activity, Stopped } from '../../base/index.js';
import { type Batch, batchCount, batches, representatives } from '../../data/index.js';
import type { Program, Runtime } from '../../infrastructure/runtime/index.js';
import { lossBetween, scoreOf } from '../../metrics/index.js';
import { type Model, Tensor } from '../../onnx/index.js';
import {
  affordableBatch,
  batchSizeOf,
  type Collector,
  costOfRun,
  exposed,
  feedsOf,
  headsOf,
  NoiseMeter,
  type RunCost,
  type Task,
} from '../../training/index.js';
import { filled } from './calibration/calibrate.js';
import { type Layer, valuesOf } from './plan.js';
import type { Prepared } from './prepared.js';
import { dequantizeWeight, quantizeWeight, weightGrid } from './weights.js';
import { SWITCHES, writeQuantized } from './write.js';

/** What is lost when only one layer is quantized. */
export interface LayerSensitivity {
  layer: string;
  /** Loss of the task's metric. */
  loss: number;
  /** How far the model's outputs are from the float model's, see `NoiseMeter`: finer than the metric. */
  noise: number;
}

export interface SensitivityRequest extends Activity {
  prepared: Prepared;
  task: Task;
  runtime: Runtime;
  threads?: number;
  /** Names of the layers to measure: all of these, on as few samples as that takes. Default: as many of all as are affordable. */
  only?: ReadonlySet<string>;
}

/** Seconds that the measurement may take on a small machine, by the estimate below. */
const SECONDS = 3;
const MOST_SAMPLES = 256;
const FEWEST_SAMPLES = 4;
const FEWEST_LAYERS = 8;

/** Seconds of a switched run: what a core does in multiply-accumulates, and in numbers read and written by roundings and switches. */
export function switchedSeconds({ macs = 0, activationBytes = 0 }: Partial<RunCost> = {}): number {
  return macs / 5e9 + activationBytes / 2.5e8;
}

/**
 * Measures what each layer's quantization alone does to the model, on the calibration part, worst first. One model does for all layers: its
 * roundings are switched on and off at run time. Samples are fewer the more a model computes; where even few are too many, the layers whose
 * own numbers change little are left out.
 */
export async function measureSensitivity(request: SensitivityRequest): Promise<LayerSensitivity[]> {
  const { prepared } = request;
  const { layers, samples } = await extent(request);
  const { model, switches } = writeQuantized({ ...prepared, form: 'switched' });
  const settings = layers.map((layer) => settingOf(prepared, layer, switches));
  const measured = await measureSwitched({ ...request, model, original: prepared.model, settings, samples });
  const results = layers.map((layer, index) => ({ layer: layer.node, ...measured[index] }));
  return results.sort((a, b) => b.noise - a.noise || (a.layer < b.layer ? -1 : 1));
}

export interface SwitchedRequest extends Activity {
  /** With the input SWITCHES, all off of which is the original. */
  model: Model;
  original: Model;
  task: Task;
  runtime: Runtime;
  threads?: number;
  /** What is switched on in each measurement. */
  settings: readonly Uint8Array[];
  /** Of the calibration part. */
  samples: number;
}

/** What each setting of a switched model's switches does to what it says. */
export async function measureSwitched(request: SwitchedRequest): Promise<{ loss: number; noise: number }[]> {
  const { model, original, task, runtime, settings, samples, threads, signal } = request;
  const part = representatives(task.splits.calibration, samples);
  const fixed = batchSizeOf(original, task, 0) > 0;
  const batchSize = await affordableBatch(model, task, { wished: 32, split: 'calibration' });
  const meters = settings.map(() => new Meter(task));
  const before = task.collect();
  const program = await runtime.compile(exposed(model, task), { threads, signal, optimize: 'extended' });
  const total = batchCount(part.size, { batchSize });
  let done = 0;
  try {
    for await (const batch of batches(part, { batchSize, signal })) {
      const whole = batch.size < batchSize && fixed ? await filled(part, batch.indices, batchSize) : batch;
      await measureBatch({ program, task, settings, before, meters, batch: whole, signal });
      request.onProgress?.({ task: 'sensitivity', done: ++done, total });
    }
  } finally {
    await program.dispose();
  }
  const score = scoreOf(task.metric, before.answers());
  return meters.map((meter) => meter.result(score));
}

interface BatchMeasurement {
  program: Program;
  task: Task;
  settings: readonly Uint8Array[];
  /** Of all switches off. */
  before: Collector;
  meters: readonly Meter[];
  batch: Batch;
  signal?: AbortSignal;
}

async function measureBatch({ program, task, settings, before, meters, batch, signal }: BatchMeasurement): Promise<void> {
  const outputs = [...new Set([...task.outputs, ...headsOf(task)])];
  const run = (setting: Uint8Array) =>
    program.run({ ...feedsOf(task.feeds, batch), [SWITCHES]: Tensor.of('bool', [setting.length], setting.slice()) }, outputs);
  const reference = await run(new Uint8Array(settings[0]?.length ?? 0));
  before.add(batch, reference, reference);
  for (const [index, setting] of settings.entries()) {
    if (signal?.aborted) throw new Stopped('The sensitivity analysis was stopped');
    meters[index].add(batch, reference, await run(setting));
  }
}

/** Compares a switched model's outputs with those of all switches off. */
class Meter {
  readonly #task: Task;
  readonly #noise: NoiseMeter;
  readonly #answers: Collector;

  constructor(task: Task) {
    this.#task = task;
    this.#noise = new NoiseMeter(headsOf(task));
    this.#answers = task.collect();
  }

  add(batch: Batch, reference: Record<string, Tensor>, outputs: Record<string, Tensor>): void {
    this.#noise.add(reference, outputs);
    this.#answers.add(batch, outputs, reference);
  }

  /** @param before score of all switches off. */
  result(before: number): { loss: number; noise: number } {
    const { metric } = this.#task;
    const loss = lossBetween(metric, before, scoreOf(metric, this.#answers.answers()));
    return { noise: this.#noise.value, loss: Number.isNaN(loss) ? 0 : loss };
  }
}

/** Switches on everything that belongs to one layer. */
function settingOf({ model, plan }: Prepared, layer: Layer, switches: readonly string[]): Uint8Array {
  const values = valuesOf(model.graph, plan, layer);
  const on = new Set([`weight ${layer.node}`, ...values.map((name) => `value ${name}`)]);
  return Uint8Array.from(switches, (name) => Number(on.has(name)));
}

/** Which layers to measure, on how many samples. */
async function extent({ prepared, task, only }: SensitivityRequest): Promise<{ layers: readonly Layer[]; samples: number }> {
  const layers = only ? prepared.plan.layers.filter(({ node }) => only.has(node)) : prepared.plan.layers;
  const { samples, most, runs } = await affordable(prepared.model, task, layers.length);
  if (only) return { layers, samples: Math.max(1, Math.min(samples, Math.floor(runs / Math.max(1, layers.length)))) };
  if (most >= layers.length) return { layers, samples };
  return { layers: byOwnNoise(prepared).slice(0, most), samples };
}

/** On how many samples so many settings of a model's switches can be measured, how many of them at most, and runs of a sample that both are of. */
export async function affordable(model: Model, task: Task, settings: number): Promise<{ samples: number; most: number; runs: number }> {
  const seconds = switchedSeconds(await costOfRun(model, task, 'calibration')) / batchSizeOf(model, task, 1);
  const runs = Math.floor(SECONDS / Math.max(1e-4, seconds));
  const available = Math.min(MOST_SAMPLES, task.splits.calibration.size);
  const samples = Math.max(Math.min(FEWEST_SAMPLES, available), Math.min(available, Math.floor(runs / settings)));
  return { samples, most: Math.max(Math.min(FEWEST_LAYERS, settings), Math.floor(runs / samples)), runs };
}

/** All layers, those first whose own inputs and weights change most by quantization: what is known without a run. */
export function byOwnNoise(prepared: Prepared): Layer[] {
  const ranked = prepared.plan.layers.map((layer) => ({ layer, noise: ownNoise(prepared, layer) }));
  return ranked.sort((a, b) => b.noise - a.noise).map(({ layer }) => layer);
}

/** Noise to signal of a layer's own inputs: of its activations as calibrated, and of its weight. */
function ownNoise({ model, plan, ranges, weight: options }: Prepared, layer: Layer): number {
  const activations = valuesOf(model.graph, plan, layer).map((name) => ranges.get(name)?.noise ?? 0);
  return activations.reduce((sum, noise) => sum + noise, weightNoise(model, layer, options));
}

function weightNoise(model: Model, layer: Layer, options: Prepared['weight']): number {
  const node = model.graph.nodes.find((each) => each.name === layer.node);
  const weight = layer.weight && node?.inputs[layer.weight.input]?.constant;
  if (!weight) return 0;
  const grid = weightGrid(weight, layer.weight?.axis, options);
  const rounded = dequantizeWeight(quantizeWeight(weight, grid), grid).data() as Float32Array;
  const values = weight.toFloat32();
  let [error, power] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    error += (values[i] - rounded[i]) ** 2;
    power += values[i] ** 2;
  }
  return power === 0 ? 0 : error / power;
}
