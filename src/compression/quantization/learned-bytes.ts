import { OptionError } from '../../base/index.js';
import { lossBetween } from '../../metrics/index.js';
import { isFloat, type Model } from '../../onnx/index.js';
import type { TaskContext } from '../../technique/index.js';
import { evaluate, fidelity, type Task } from '../../training/index.js';
import { roundedOnGrids } from './adaround/index.js';
import { besideFloat } from './beside-float.js';
import { planWithoutData, type WithoutDataOptions, type WithoutDataResult } from './dynamic.js';
import { leftInFloat } from './left.js';
import { writePrepared } from './prepared.js';
import type { SearchResult } from './search.js';
import type { WeightOptions } from './weights.js';
import { writeQuantized } from './write.js';

/** How roundings to whole bytes are learned. */
export interface LearnedBytesOptions {
  samples: number;
  steps: number;
}

/** What is other than before where learned roundings were taken. */
export type LearnedResult = Partial<Pick<SearchResult, 'model' | 'before' | 'after' | 'loss'>>;

/**
 * Learns how the weights of a static quantization are rounded, and takes it where the worst output is then nearer to the float model's on the validation part
 * (the calibration part where that is empty). Corrections of biases are left out: what is learned shifts nothing that they could take back.
 */
export async function withLearnedRoundings(
  context: TaskContext,
  { prepared, plan, model }: Pick<SearchResult, 'prepared' | 'plan' | 'model'>,
  options: LearnedBytesOptions,
): Promise<{ result: LearnedResult; remarks: readonly string[] }> {
  const { task, runtime, threads, signal } = context;
  const layers = [...plan.layers, ...plan.stored];
  const { model: rounded, remarks } = await learned(context, prepared.model, { layers, weight: prepared.weight, ...options });
  const made = writePrepared({ ...prepared, model: rounded, corrections: undefined }, plan);
  const faithful = faithfulTask(context.model, task);
  const split = task.splits.validation.size > 0 ? 'validation' : 'calibration';
  const sqnrOf = async (each: Model) => (await evaluate(each, faithful, runtime, { split, threads, signal })).details.outputSqnr;
  const [before, after] = [await sqnrOf(model), await sqnrOf(made)];
  if (!(after >= before))
    return { result: {}, remarks: ['With learned roundings the outputs follow the original less: they are left out.'] };
  return besideFloat(context, async ({ before, qualityOf }) => {
    const after = await qualityOf(made);
    return { remarks, result: { model: made, before, after, loss: lossBetween(task.metric, before.value, after.value) } };
  });
}

/** To answer as the original does, whatever the targets are. */
function faithfulTask(original: Model, task: Task): Task {
  if (task.kind === 'fidelity') return task;
  const outputs = original.graph.outputs.filter(({ dtype }) => dtype === undefined || isFloat(dtype)).map(({ name }) => name);
  return { ...task, ...fidelity({ reference: original, outputs }), expose: undefined };
}

/** Stores weights in 8 bits as `quantizeWeights` does, rounded as is learned. */
export async function learnedWeights(
  context: TaskContext,
  { perChannel = true, ...options }: WithoutDataOptions & LearnedBytesOptions,
): Promise<WithoutDataResult & { remarks: readonly string[] }> {
  const { model: prepared, plan } = await planWithoutData(context.model, context.runtime, options);
  const weight: WeightOptions = { type: 'int8', perChannel, reduceRange: false };
  const { model: rounded, remarks } = await learned(context, prepared, { layers: plan.stored, weight, ...options });
  const { model } = writeQuantized({ model: rounded, plan, weight, ranges: new Map(), activationType: 'uint8' });
  return { model, plan, left: leftInFloat(model.graph), remarks };
}

async function learned(
  context: TaskContext,
  model: Model,
  options: LearnedBytesOptions & Pick<Parameters<typeof roundedOnGrids>[0], 'layers' | 'weight'>,
): Promise<{ model: Model; remarks: string[] }> {
  const { task, runtime, threads, seed, signal, onProgress } = context;
  if (options.layers.length === 0) throw new OptionError({ what: 'There is no weight whose rounding could be learned' });
  const { model: rounded, result } = await roundedOnGrids({ ...options, model, task, runtime, threads, seed, signal, onProgress });
  const kept = result.reports.filter(({ isLearned, errors: [first] }) => !isLearned && first > 0).flatMap(({ weights }) => weights);
  const nearest = [...kept, ...result.failures.keys()];
  const words = 'Weights that are rounded to the nearest, because learning did not make their blocks better or they have no gradient';
  return { model: rounded, remarks: nearest.length > 0 ? [`${words}: ${nearest.join(', ')}.`] : [] };
}
