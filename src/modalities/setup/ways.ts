import { DataError } from '../../base/index.js';
import type { Augmentation, ChannelStatistics, InputSpec, ModelInput, Preprocess } from '../../data/index.js';
import type { Searched } from '../modality.js';
import { modalityOf } from '../registry.js';

/**
 * Every usual way to make the model's input of a stored sample, likeliest first; see Modality.
 * @param others ways that are known besides.
 * @throws DataError where none fits the shape, and there are no others.
 */
export function preprocessesFor(
  sample: InputSpec,
  model: ModelInput,
  statistics?: ChannelStatistics,
  others: readonly Preprocess[] = [],
): Preprocess[] {
  const found = modalityOf(sample.kind).preprocesses(sample, model, statistics);
  if (found.length > 0 || others.length > 0) return found;
  throw new DataError({
    what: 'The samples do not fit the model',
    where: `input "${sample.name}"`,
    expected: `what [${model.shape.map((dim) => dim ?? '?').join(', ')}] can take`,
    got: `${sample.kind} of shape [${sample.shape.join(', ')}]`,
    fix: 'Use data of the kind that the model was made for, or a model with this input shape',
  });
}

/** The augmentation that suits samples of any data of their kind; none where nothing does. */
export function usualAugmentation(sample: Pick<InputSpec, 'kind' | 'shape'>): Augmentation[] {
  return modalityOf(sample.kind).usualAugmentation(sample);
}

/** What a search over trainings tries on samples; no augmentation where their kind says nothing. */
export function searchedOn(sample: InputSpec): Searched {
  return modalityOf(sample.kind).searched?.(sample) ?? { augmentations: { none: [] }, usual: 'none', mirrors: false };
}
