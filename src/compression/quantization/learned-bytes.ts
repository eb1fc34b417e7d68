import { namesText, OptionError } from '../../base/index.js';
import { lossBetween } from '../../metrics/index.js';
import type { Model } from '../../onnx/index.js';
import type { TaskContext } from '../../technique/index.js';
import { evaluate, fidelity, fidelityOutputs, type Task, withReference } from '../../training/index.js';
import { roundedOnGrids } from './adaround/index.js';
import { besideFloat } from './beside-float.js';
import { planWithoutData, storage, type WithoutDataOptions, type WithoutDataResult, writeStored } from './dynamic.js';
import { choosingPart } from './kept.js';
import { writePrepared } from './prepared.js';
import type { SearchResult } from './search.js';

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
  const { task } = context;
  const layers = [...plan.layers, ...plan.stored];
  const { model: rounded, remarks } = await learned(context, prepared.model, { layers, weight: prepared.weight, ...options });
  const made = writePrepared({ ...prepared, model: rounded, corrections: undefined }, plan);
  if (!(await followsMore(context, made, model)))
    return { result: {}, remarks: ['With learned roundings the outputs follow the original less: they are left out.'] };
  return besideFloat(context, async ({ before, qualityOf }) => {
    const after = await qualityOf(made);
    return { remarks, result: { model: made, before, after, loss: lossBetween(task.metric, before.value, after.value) } };
  });
}

/** Whether the worst output of a model is at least as near to the original's as that of another, on the part that choices are made on. */
async function followsMore({ model: original, task, runtime, threads, signal }: TaskContext, made: Model, other: Model): Promise<boolean> {
  const faithful = faithfulTask(original, task);
  return withReference(faithful, runtime, { threads, signal }, async (reference) => {
    const options = { split: choosingPart(task), threads, signal, reference } as const;
    const sqnrOf = async (each: Model) => (await evaluate(each, faithful, runtime, options)).details.outputSqnr;
    const before = await sqnrOf(other);
    return (await sqnrOf(made)) >= before;
  });
}

/** To answer as the original does, whatever the targets are. */
function faithfulTask(original: Model, task: Task): Task {
  if (task.kind === 'fidelity') return task;
  return { ...task, expose: undefined, ...fidelity({ reference: original, ...fidelityOutputs(original) }) };
}

/** Stores weights in 8 bits as `quantizeWeights` does, rounded as is learned. */
export async function learnedWeights(
  context: TaskContext,
  { perChannel = true, ...options }: WithoutDataOptions & LearnedBytesOptions,
): Promise<WithoutDataResult & { remarks: readonly string[] }> {
  const { model: prepared, plan } = await planWithoutData(context.model, context.runtime, options);
  const { weight } = storage(perChannel);
  const { model: rounded, remarks } = await learned(context, prepared, { layers: plan.stored, weight, ...options });
  return { ...writeStored({ model: rounded, plan }, { perChannel }), remarks };
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
  const nodes = new Map(model.graph.nodes.map((node) => [node.name, node]));
  // Weights that were folded have names that nobody gave them.
  const readers = new Map(options.layers.map(({ node, weight }) => [weight && nodes.get(node)?.inputs[weight.input]?.name, node]));
  const nearest = [...kept, ...result.failures.keys()].map((name) => readers.get(name) ?? name);
  const words = 'Rounded to the nearest, because learning did not make their blocks better or they have no gradient';
  return { model: rounded, remarks: nearest.length > 0 ? [`${words}: ${namesText(nearest)}.`] : [] };
}
