import { OptionError } from '../../base/index.js';
import type { Transform } from '../batches.js';
import { type Augmentation, completeOptions } from './kind.js';
import { augmentationNamed } from './table.js';

export { softTargets } from './mixup.js';

/**
 * One transform of several augmentations, applied in order. They work on raw samples, before `applyPreprocess`, or leave in the batch what is to be done
 * to the prepared ones (`Batch.afterwards`). The same steps, seed and batches give the same bytes.
 * @throws OptionError for an unknown augmentation or an impossible option.
 */
export function pipeline(steps: readonly Augmentation[]): Transform {
  const transforms = steps.map((step) => {
    const kind = augmentationNamed(step.name);
    return kind.make(completeOptions(kind, step));
  });
  if (steps.filter((step) => step.name === 'mixup').length > 1) {
    throw new OptionError({ what: 'A pipeline can mix only once', where: 'augmentation "mixup"', fix: 'Remove all but one' });
  }
  return (batch, random, epoch) => transforms.reduce((changed, transform, i) => transform(changed, random.fork(i), epoch), batch);
}
