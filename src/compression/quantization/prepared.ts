import type { Activity } from '../../base/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import type { Model } from '../../onnx/index.js';
import type { Task } from '../../training/index.js';
import type { IntegerType } from './affine.js';
import { type BiasCorrection, corrected } from './bias-correction.js';
import { type Calibrated, calibrate } from './calibration/calibrate.js';
import type { CalibrationMethod } from './calibration/observers.js';
import { planOptions } from './dynamic.js';
import { nothingToQuantize } from './nothing.js';
import { type Plan, type PlanOptions, planQuantization } from './plan.js';
import { saturates } from './saturation.js';
import type { WeightOptions } from './weights.js';
import { writeQuantized } from './write.js';

export interface CalibrationOptions {
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

/** What ranges are found with. */
export interface CalibrationContext extends CalibrationOptions, Activity {
  task: Pick<Task, 'feeds' | 'splits'>;
  runtime: Runtime;
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
  /** What was changed in the float model or its biases to lose less, in words. */
  repairs: readonly string[];
  /** What biases take back of what rounding shifts, by layer. */
  corrections?: ReadonlyMap<string, BiasCorrection>;
}

/** A plan for a model that is ready, and the ranges of its activations. */
export async function calibrated(model: Model, context: CalibrationContext): Promise<Prepared> {
  const { weightType = 'int8', activationType = 'uint8', perChannel = true, reduceRange = 'auto', samples = 500, runtime } = context;
  const chosen = planOptions(context);
  const plan = planQuantization(model.graph, chosen);
  if (plan.layers.length + plan.stored.length === 0) throw nothingToQuantize(model);
  const reduced = reduceRange === 'auto' ? weightType === 'int8' && (await saturates(runtime)) : reduceRange;
  const calibration = await calibrate({
    ...context,
    model,
    values: [...new Set(plan.values.values())],
    observer: { method: context.calibration ?? 'mse', type: activationType, percentile: context.percentile ?? 99.99 },
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
    repairs: [],
  };
}

/** The integer model of a plan; by default everything that was planned. */
export function writePrepared(prepared: Prepared, plan = prepared.plan): Model {
  const { model, corrections } = prepared;
  return writeQuantized({ ...prepared, plan, model: corrections ? corrected(model, plan, corrections) : model }).model;
}

/** The plan with more nodes left in floating point. */
export function planWithout(prepared: Prepared, nodes: Iterable<string>): Plan {
  const { exclude = new Set(), ...rest } = prepared.planOptions;
  return planQuantization(prepared.model.graph, { ...rest, exclude: new Set([...exclude, ...nodes]) });
}

/** A plan in which the layers that it leaves in float store their weights as integers. Undefined where there is none with a weight. */
export function planStoring({ plan: whole }: Prepared, { plan, restored }: { plan: Plan; restored: readonly string[] }): Plan | undefined {
  const left = new Set(restored);
  const stored = whole.layers.filter(({ node, weight }) => weight && left.has(node));
  return stored.length > 0 ? { ...plan, stored: [...plan.stored, ...stored] } : undefined;
}
