import { lossBetween, worth } from '../../metrics/index.js';
import type { Model } from '../../onnx/index.js';
import type { TaskContext } from '../../technique/index.js';
import { evaluate, type Task, withReference } from '../../training/index.js';

export interface Kept {
  /** The better one. */
  readonly model: Model;
  /** Whether that is the trained one. */
  readonly isTrained: boolean;
  /** Losses of the task's metric to the float model; see `lossBetween` in metrics. */
  readonly facts: { readonly lossBeforeTraining: number; readonly loss: number };
}

/** Of a quantized model before and after training the one that is better on the validation part (the calibration part where that is empty). */
export async function keepBetter(
  { model, task, runtime, threads, signal }: TaskContext,
  { untrained, trained }: { untrained: Model; trained: Model },
): Promise<Kept> {
  const [before, first, last] = await withReference(task, runtime, { threads, signal }, async (reference) => {
    const options = { split: choosingPart(task), threads, signal, reference } as const;
    const scoreOn = async (each: Model) => (await evaluate(each, task, runtime, options)).value;
    return [await scoreOn(model), await scoreOn(untrained), await scoreOn(trained)];
  });
  const isTrained = worth(task.metric, last) >= worth(task.metric, first);
  return {
    model: isTrained ? trained : untrained,
    isTrained,
    facts: {
      lossBeforeTraining: lossBetween(task.metric, before, first),
      loss: lossBetween(task.metric, before, isTrained ? last : first),
    },
  };
}

/** The part on which one of several models is chosen. */
export function choosingPart({ splits }: Pick<Task, 'splits'>): 'validation' | 'calibration' {
  return splits.validation.size > 0 ? 'validation' : 'calibration';
}
