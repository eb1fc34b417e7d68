import { worth } from '../metrics/index.js';
import type { Model } from '../onnx/index.js';
import { evaluate } from '../training/index.js';
import type { TaskContext } from './context.js';

/** Validation samples that decide which of two models teaches. */
const TEACHER_SAMPLES = 1000;

/**
 * Who teaches while a technique wins quality back: the better of the strategy's original and the model that the technique was given, as the
 * validation part has it. The original is the untrained one where an architecture was begun with, the model a worse one where it was pruned.
 */
export async function betterTeacher({ model, original, originalTask, task, runtime, threads, signal }: TaskContext): Promise<Model> {
  if (!original || originalTask || original === model || task.reference || !hasSameFaces(model, original)) return model;
  if (task.splits.validation.size === 0) return original;
  const options = { threads, signal, limit: TEACHER_SAMPLES };
  const [own, first] = [await evaluate(model, task, runtime, options), await evaluate(original, task, runtime, options)];
  return worth(task.metric, first.value) > worth(task.metric, own.value) ? original : model;
}

function hasSameFaces(a: Model, b: Model): boolean {
  const faces = ({ graph }: Model) => JSON.stringify([...graph.feeds, ...graph.outputs].map((value) => [value.name, String(value.shape)]));
  return faces(a) === faces(b);
}
