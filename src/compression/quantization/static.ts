import type { Activity } from '../../base/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import type { Model } from '../../onnx/index.js';
import type { Task } from '../../training/index.js';
import { checkExcluded } from './excluded.js';
import type { Plan } from './plan.js';
import { prepareModel } from './prepare.js';
import { type CalibrationOptions, calibrated, type Prepared, writePrepared } from './prepared.js';
import { REPAIRS, type Repair, repaired } from './repairs.js';

export type StaticOptions = CalibrationOptions & Partial<Record<Repair, boolean>> & Activity;

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
  return { model: writePrepared(prepared), plan: prepared.plan };
}

/** Everything of static quantization but the writing. */
export async function prepareStatic(
  source: Model,
  task: Pick<Task, 'feeds' | 'splits'>,
  runtime: Runtime,
  options: StaticOptions,
): Promise<Prepared> {
  const model = await prepareModel(source, runtime, options.weightType === 'int4' ? { opset: 21 } : {});
  checkExcluded(model, options.exclude ?? []);
  const context = { ...options, task, runtime };
  let prepared = await calibrated(model, context);
  for (const repair of REPAIRS) if (options[repair]) prepared = (await repaired(prepared, repair, context)) ?? prepared;
  return prepared;
}
