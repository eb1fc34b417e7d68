import { OptionError, type Random } from '../../base/index.js';
import { type AugmentationKind, type Batch, type DataTensor, numberOption } from '../../data/index.js';
import { textsOfBatch } from './preparations.js';
import { textSample } from './sample.js';

/** Leaves out words of texts (Iyyer et al. 2015, "Deep unordered composition rivals syntactic methods for text classification"). */
const dropWords: AugmentationKind<{ share: number }> = {
  name: 'drop-words',
  shorthand: { option: 'share' },
  options: { share: numberOption(0.1, 'of leaving out each word', { least: 0, most: 1, below: true }) },
  make:
    ({ share }) =>
    (batch, random) => {
      checkTexts(batch, 'drop-words');
      const inputs = Object.entries(batch.inputs).map(([key, tensor]) => [
        key,
        tensor.kind === 'text' ? withFewerWords(tensor, share, random) : tensor,
      ]);
      return { ...batch, inputs: Object.fromEntries(inputs) };
    },
};

/** Words end at white space; at least one of a text stays. */
function withFewerWords(tensor: DataTensor, share: number, random: Random): DataTensor {
  const samples = textsOfBatch(tensor).map((text) => {
    const words = text.split(/\s+/).filter((word) => word !== '');
    const kept = words.filter(() => random.uniform() >= share);
    if (kept.length === 0 && words.length > 0) kept.push(words[random.integer(words.length)]);
    return textSample(kept.join(' ')) as DataTensor;
  });
  const longest = Math.max(...samples.map(({ data }) => data.length));
  const data = new Uint8Array(samples.length * longest);
  for (const [i, sample] of samples.entries()) data.set(sample.data as Uint8Array, i * longest);
  const lengths = Int32Array.from(samples, (sample) => (sample.lengths as Int32Array)[0]);
  return { ...tensor, shape: [samples.length, longest], data, lengths };
}

/** @throws OptionError where the data has no texts. */
function checkTexts({ inputs }: Batch, name: string): void {
  const kinds = Object.values(inputs).map(({ kind = 'tensor' }) => kind);
  if (kinds.includes('text')) return;
  throw new OptionError({
    what: 'This augmentation is for texts, and the data has none',
    where: `augmentation "${name}"`,
    expected: 'a text',
    got: kinds.join(', '),
    fix: 'Leave it out',
  });
}

/** Augmentations of texts. */
export const textAugmentations: readonly AugmentationKind[] = [dropWords];
