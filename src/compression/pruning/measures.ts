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

/** Whether a measure looks at samples. */
export function measuresByData(measure: Measure): boolean {
  return measuresByGradients(measure) || measure === 'reconstruction';
}

/**
 * The importance of groups by a measure.
 * @param request what measures by data look at, with the model as it is; the groups are those of a static copy.
 */
export async function measureImportance(
  measure: Measure,
  request: () => GradientRequest,
  work: Model,
  layers: readonly Layer[],
): Promise<Importance> {
  switch (measure) {
    case 'taylor':
      return taylorImportance(request(), layers);
    case 'fisher':
      return fisherImportance(request(), layers);
    case 'reconstruction':
      return reconstructionImportance(request(), work, layers);
    case 'batch-norm':
      return batchNormImportance(work, layers) ?? { ...magnitudeImportance(work, layers), remark: NO_SCALES };
    case 'magnitude':
      return magnitudeImportance(work, layers);
  }
}

const NO_SCALES = 'No layer has a batch normalization of its own (they may be folded): importance is by magnitude.';
