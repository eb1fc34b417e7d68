import { attempted } from '../base/index.js';
import { fixedBatch, freeBatch } from '../infrastructure/compiler/index.js';
import type { Runtime } from '../infrastructure/runtime/index.js';
import type { Model } from '../onnx/index.js';
import { dequantize } from '../ops/index.js';
import type { Goal } from './tasks/task.js';

/** A model with the outputs that a goal speaks of; see `Goal.expose`. */
export function exposed(model: Model, { expose }: Pick<Goal, 'expose'>, purpose: 'answers' | 'losses' = 'answers'): Model {
  return expose?.(model, purpose) ?? model;
}

/**
 * The same for training: where what a goal leaves aside, non-maximum suppression say, was all that fixed the batch size, it is free here. Parameters keep
 * their names. What was quantized or in half precision is in float32 here.
 */
export async function trainable(model: Model, goal: Pick<Goal, 'expose'>, runtime: Runtime): Promise<Model> {
  const seen = exposed(dequantize(model), goal, 'losses');
  if (seen === model || fixedBatch(seen) === undefined) return seen;
  return attempted(
    () => freeBatch(seen, runtime),
    () => seen,
  );
}

/** The outputs that losses pull and sensitivity is measured by; see `Goal.heads`. */
export function headsOf({ heads, outputs }: Pick<Goal, 'heads' | 'outputs'>): readonly string[] {
  return heads ?? outputs;
}
