import { DataError, OptionError } from '../../base/index.js';
import { addPreparation, type DataTensor, type Preparation, type Prepare } from '../../data/index.js';
import { hashedId, type NgramOptions, ngramsOf, wordsOf } from './ngrams.js';

/** Ids there are where a preparation says nothing. */
export const VOCABULARY = 32_768;

/** Options of what makes ids of a text. */
interface IdOptions {
  /** Ids a text: longer ones are cut, shorter ones padded with 0. */
  length: number;
  /** Ids are below this. Default 32,768. */
  vocabulary?: number;
}

/** The texts of a batch of UTF-8 bytes. @throws DataError for other samples. */
export function textsOfBatch({ type, shape, data, lengths }: DataTensor): string[] {
  const [count, longest] = shape;
  if (type !== 'uint8' || shape.length !== 2)
    throw new DataError({ what: 'The samples are no texts', expected: 'uint8 [samples, bytes]', got: `${type} [${shape.join(', ')}]` });
  const decoder = new TextDecoder();
  return Array.from({ length: count }, (_, i) =>
    decoder.decode((data as Uint8Array).subarray(i * longest, i * longest + (lengths?.[i] ?? longest))),
  );
}

/** Ids as a tensor [n, length], padded with 0. */
export function idTensor(rows: readonly (readonly number[])[], length: number): DataTensor {
  const data = new BigInt64Array(rows.length * length);
  for (const [i, row] of rows.entries()) {
    const used = Math.min(row.length, length);
    for (let j = 0; j < used; j++) data[i * length + j] = BigInt(row[j]);
  }
  return { type: 'int64', shape: [rows.length, length], data };
}

/** A preparation that makes ids of each text by itself. */
function idPreparation<O extends IdOptions>(kind: string, idsOf: (text: string, options: O, vocabulary: number) => number[]): Preparation {
  return {
    kind,
    check: (options) => {
      checkWhole(options, 'length', 1);
      if (options.vocabulary !== undefined) checkWhole(options, 'vocabulary', 2);
    },
    run: (samples, options) => {
      const { length, vocabulary = VOCABULARY } = options as unknown as O;
      return idTensor(
        textsOfBatch(samples).map((text) => idsOf(text, options as unknown as O, vocabulary)),
        length,
      );
    },
  };
}

/** Hashed n-grams, those of words before those of characters. */
const ngrams = idPreparation<IdOptions & NgramOptions>('text-ngrams', (text, options, vocabulary) =>
  ngramsOf(text, options).map((ngram) => hashedId(ngram, vocabulary)),
);

/** Hashed words in their order. */
const words = idPreparation<IdOptions & Pick<NgramOptions, 'lowercase'>>('text-words', (text, options, vocabulary) =>
  wordsOf(text, options).map((word) => hashedId(word, vocabulary)),
);

/** UTF-8 bytes in their order, each plus `first` (default 1, so that 0 is padding alone). */
const bytes = idPreparation<IdOptions & { first?: number }>('text-bytes', (text, { first = 1 }) =>
  Array.from(new TextEncoder().encode(text), (byte) => byte + first),
);

/** How often each hashed n-gram occurs, divided by the root of the sum of their squares: float32 [n, vocabulary]. */
const counts: Preparation = {
  kind: 'text-counts',
  check: (options) => checkWhole(options, 'vocabulary', 1),
  run: (samples, options) => {
    const { vocabulary, ...which } = options as unknown as NgramOptions & { vocabulary: number };
    const texts = textsOfBatch(samples);
    const data = new Float32Array(texts.length * vocabulary);
    for (const [i, text] of texts.entries()) {
      const row = data.subarray(i * vocabulary, (i + 1) * vocabulary);
      for (const ngram of ngramsOf(text, which)) row[hashedId(ngram, vocabulary + 1) - 1]++;
      const norm = Math.hypot(...row.filter((value) => value > 0));
      if (norm > 0) for (let j = 0; j < vocabulary; j++) row[j] /= norm;
    }
    return { type: 'float32', shape: [texts.length, vocabulary], data };
  },
};

for (const preparation of [ngrams, words, bytes, counts]) addPreparation(preparation);

/** @throws OptionError where an option is no whole number of at least `least`. */
export function checkWhole(options: Prepare, name: string, least: number): void {
  const value = options[name];
  if (Number.isInteger(value) && (value as number) >= least) return;
  throw new OptionError({
    what: 'Not a usable value',
    where: `preparation "${options.kind}", option "${name}"`,
    expected: `a whole number, at least ${least}`,
    got: JSON.stringify(value),
  });
}
