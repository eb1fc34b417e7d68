import { type Model, nodesOf } from '../../onnx/index.js';
import type { TaskContext } from '../../technique/index.js';
import { reachOf } from '../../training/index.js';
import { FEWEST_SAMPLES } from './beside-float.js';
import { choosingPart } from './kept.js';

/** What no sample shows of a model: nothing that is measured says how it bears rounding. */
export interface Unseen {
  /** Nodes in branches and bodies that no sample enters, by name. */
  readonly nodes: ReadonlySet<string>;
  readonly remarks: readonly string[];
}

/** Looks which branches of a model the samples enter that choices are made on. */
export async function unseenBy(model: Model, context: Pick<TaskContext, 'task' | 'runtime' | 'threads' | 'signal'>): Promise<Unseen> {
  const split = choosingPart(context.task);
  const { missed, unknown } = await reachOf({ ...context, model, split, samples: FEWEST_SAMPLES });
  const count = Math.min(FEWEST_SAMPLES, context.task.splits[split].size);
  return {
    nodes: new Set(missed.flatMap(({ graph }) => nodesOf(graph)).map(({ name }) => name)),
    remarks: unknown.map((label) => `None of ${count} samples of the ${split} part enters ${label}: what is lost there is not known.`),
  };
}
