import type { Model } from '../../onnx/index.js';
import { batchNormImportance } from './batch-norm.js';
import { fisherImportance } from './fisher.js';
import type { GradientRequest } from './gradients.js';
import type { Importance } from './importance.js';
import type { Layer } from './layers.js';
import { magnitudeImportance } from './magnitude.js';
import { reconstructionImportance } from './reconstruction.js';
import { taylorImportance } from './taylor.js';

/** What counts as mattering. */
export const MEASURES = ['magnitude', 'taylor', 'fisher', 'batch-norm', 'reconstruction'] as const;

export type Measure = (typeof MEASURES)[number];

/** Whether a measure needs gradients of the loss, and so a task that can be trained. */
export function measuresByGradients(measure: Measure): boolean {
  return measure === 'taylor' || measure === 'fisher';
}

/** Importance by what the weights alone tell: no data. */
export function scaleImportance(measure: 'magnitude' | 'batch-norm', work: Model, layers: readonly Layer[]): Importance {
  const scales = measure === 'batch-norm' ? batchNormImportance(work, layers) : undefined;
  return scales ?? { ...magnitudeImportance(work, layers), remark: measure === 'batch-norm' ? NO_SCALES : undefined };
}

/**
 * The importance of groups by a measure.
 * @param request.model the model as it is; the groups are those of a static copy.
 */
export async function measureImportance(
  measure: Measure,
  request: GradientRequest,
  work: Model,
  layers: readonly Layer[],
): Promise<Importance> {
  if (measure === 'taylor') return taylorImportance(request, layers);
  if (measure === 'fisher') return fisherImportance(request, layers);
  if (measure === 'reconstruction') return reconstructionImportance(request, work, layers);
  return scaleImportance(measure, work, layers);
}

const NO_SCALES = 'No layer has a batch normalization of its own (they may be folded): importance is by magnitude.';
