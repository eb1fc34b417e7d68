import { type Activity, OptionError } from '../../base/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import { type Model, nodesOf } from '../../onnx/index.js';
import type { Task } from '../../training/index.js';
import type { IntegerType } from './affine.js';
import { type Calibrated, calibrate } from './calibration/calibrate.js';
import type { CalibrationMethod } from './calibration/observers.js';
import { planOptions } from './dynamic.js';
import { nothingToQuantize } from './nothing.js';
import { type Plan, type PlanOptions, planQuantization } from './plan.js';
import { prepareModel } from './prepare.js';
import { saturates } from './saturation.js';
import type { WeightOptions } from './weights.js';
import { writeQuantized } from './write.js';

export interface StaticOptions extends Activity {
  /** How activations' ranges are chosen. Default 'mse'. */
  calibration?: CalibrationMethod;
  /** For 'percentile': how much of the values the range holds, in percent. Default 99.99. */
  percentile?: number;
  /** At most this many samples of the calibration part. Default 500. */
  samples?: number;
  /** One weight scale for each output channel rather than one for all. Default true. */
  perChannel?: boolean;
  /** Default 'int8'. 'int4' needs opset 21 and has no integer kernels: it is for size. */
  weightType?: IntegerType;
  /** Default 'uint8'. */
  activationType?: 'uint8' | 'int8';
  /** Weights of 7 bits, for processors whose 8-bit sums overflow. Default: where this runtime's do. */
  reduceRange?: boolean | 'auto';
  /** Nodes to leave in floating point, by name. */
  exclude?: readonly string[];
  /** Operators that may be quantized. Default: all that can. */
  operators?: readonly string[];
  threads?: number;
}

/** A float model made ready, what is to be quantized in it, and the ranges of its activations. */
export interface Prepared {
  model: Model;
  plan: Plan;
  /** What the plan was made with, to make others with more nodes left out. */
  planOptions: PlanOptions;
  /** By name, of every value in the plan. */
  ranges: ReadonlyMap<string, Calibrated>;
  weight: WeightOptions;
  activationType: 'uint8' | 'int8';
  samples: number;
}

/**
 * Quantizes weights and activations to 8 bits by scales that are fixed beforehand, in the QDQ form. Every layer that can be is quantized;
 * the `quantize` technique also finds out which had better not be.
 * @throws UnsupportedError where there is nothing to quantize or the model is quantized already; DataError where there is nothing to
 * calibrate on.
 */
export async function quantizeStatic(
  source: Model,
  task: Pick<Task, 'feeds' | 'splits'>,
  runtime: Runtime,
  options: StaticOptions = {},
): Promise<{ model: Model; plan: Plan }> {
  const prepared = await prepareStatic(source, task, runtime, options);
  return { model: writeQuantized(prepared).model, plan: prepared.plan };
}

/** Everything of static quantization but the writing. */
export async function prepareStatic(
  source: Model,
  task: Pick<Task, 'feeds' | 'splits'>,
  runtime: Runtime,
  options: StaticOptions,
): Promise<Prepared> {
  const { weightType = 'int8', activationType = 'uint8', perChannel = true, reduceRange = 'auto', samples = 500 } = options;
  const model = await prepareModel(source, runtime, weightType === 'int4' ? { opset: 21 } : {});
  checkNames(model, options.exclude ?? []);
  const chosen = planOptions(options);
  const plan = planQuantization(model.graph, chosen);
  if (plan.layers.length + plan.stored.length === 0) throw nothingToQuantize(source);
  const reduced = reduceRange === 'auto' ? weightType === 'int8' && (await saturates(runtime)) : reduceRange;
  const calibration = await calibrate({
    ...options,
    model,
    task,
    runtime,
    values: [...new Set(plan.values.values())],
    observer: { method: options.calibration ?? 'mse', type: activationType, percentile: options.percentile ?? 99.99 },
    samples,
  });
  return {
    model,
    plan,
    planOptions: chosen,
    ranges: new Map([...plan.values].map(([name, root]) => [name, calibration.values.get(root) as Calibrated])),
    weight: { type: weightType, perChannel, reduceRange: reduced },
    activationType,
    samples: calibration.samples,
  };
}

/** @throws OptionError for a name to leave out that no node has. */
function checkNames(model: Model, names: readonly string[]): void {
  const known = new Set(nodesOf(model.graph).map((node) => node.name));
  const unknown = names.find((name) => !known.has(name));
  if (unknown === undefined) return;
  throw new OptionError({
    what: `There is no node called "${unknown}"`,
    where: 'option "exclude"',
    expected: `names such as ${[...known].slice(0, 5).join(', ')}`,
    fix: 'Layers that were folded into others have the name of the layer they were folded into',
  });
}

/** The plan with more nodes left in floating point. */
export function planWithout(prepared: Prepared, nodes: Iterable<string>): Plan {
  const { exclude = new Set(), ...rest } = prepared.planOptions;
  return planQuantization(prepared.model.graph, { ...rest, exclude: new Set([...exclude, ...nodes]) });
}
