import type { Architecture } from '../../architectures/index.js';
import { declaredDims, type InputSpec, type ModelInput, type Prepare, type Preprocess } from '../../data/index.js';
import { VOCABULARY } from './preparations.js';

/** More ids than these are cut off unless the model wants them. */
const MOST = { 'text-ngrams': 512, 'text-words': 128, 'text-bytes': 512 } as const;

/** Ids that a text of so many bytes has at most, mostly. */
const PER_BYTE = { 'text-ngrams': 2, 'text-words': 1 / 3, 'text-bytes': 1 } as const;

type Kind = keyof typeof MOST;

/** So many ids hold the longest text, as a multiple of 16, unless it is far longer than others should be. */
function lengthFor(kind: Kind, { shape: [bytes] }: Pick<InputSpec, 'shape'>): number {
  return Math.min(MOST[kind], Math.ceil((bytes * PER_BYTE[kind]) / 16) * 16);
}

/** The ways to feed a text to a model that says nothing of how: bytes as ids, or hashed counts of n-grams. */
export function textPreprocesses(sample: InputSpec, model: ModelInput): Preprocess[] {
  const { type: dtype = 'float32' } = model;
  const [length, ...more] = declaredDims(model);
  if (more.length > 0 || model.shape.length < 2) return [];
  if (dtype === 'int64' || dtype === 'int32') {
    const wanted = length ?? lengthFor('text-bytes', sample);
    return [1, 0].map((first) => way(`bytes from ${first}`, { kind: 'text-bytes', length: wanted, first }, dtype));
  }
  return dtype === 'float32' && length !== undefined ? [way('n-gram counts', { kind: 'text-counts', vocabulary: length }, dtype)] : [];
}

/** What a fresh model of a family is given. */
export function freshText(sample: InputSpec, { prepared }: Architecture): Preprocess {
  const kind = prepared as Kind;
  return way(kind.replace('text-', 'hashed '), { kind, length: lengthFor(kind, sample), vocabulary: VOCABULARY }, 'int64');
}

function way(name: string, prepare: Prepare, dtype: Preprocess['dtype']): Preprocess {
  return { name, prepare, layout: 'as-is', dtype };
}
