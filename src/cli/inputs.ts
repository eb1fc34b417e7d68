import { basename, extname } from 'node:path';
import { DataError, emptyTable, OptionError } from '../base/index.js';
import {
  type DataSource,
  type DataTensor,
  datasetsFromArrays,
  ELEMENT_TYPES,
  type ElementType,
  parseNpy,
  parseNpz,
} from '../data/index.js';
import { readContent } from '../data/node/index.js';
import { decodeTensor, type Model } from '../onnx/index.js';

/** Fewer samples are repeated, so that each part of the data has some. */
const LEAST = 20;

/**
 * Samples without targets from a file for each of a model's inputs, whose first axis counts the samples.
 * @param files by the input's name; under "" for a model's only input.
 * @param onFew is told how many samples there are, where they are so few that they are repeated: then no part of the data is apart from the others.
 * @throws OptionError for names that the model does not have; DataError, FormatError for what cannot be read or does not fit together.
 */
export async function sourceOfFiles(
  files: Readonly<Record<string, string>>,
  model: Model,
  { maxUnpacked, onFew }: { maxUnpacked?: number; onFew?: (samples: number) => void } = {},
): Promise<DataSource> {
  const names = model.graph.feeds.map(({ name }) => name);
  const arrays = emptyTable<DataTensor>();
  for (const [given, file] of Object.entries(files)) {
    const name = given === '' && names.length === 1 ? names[0] : given;
    if (!names.includes(name))
      throw new OptionError({ what: `The model has no input "${given}"`, where: '--input', expected: `one of ${names.join(', ')}` });
    arrays[name] = await arrayOf(file, name, maxUnpacked);
  }
  const missing = names.filter((name) => !Object.hasOwn(arrays, name));
  if (missing.length > 0)
    throw new OptionError({
      what: `No file is given for the input(s) ${missing.join(', ')}`,
      where: '--input',
      fix: `Give --input ${missing[0]}=FILE as well.`,
    });
  const count = Math.min(...Object.values(arrays).map(({ shape }) => shape[0] ?? 0));
  const isFew = count > 0 && count < LEAST;
  if (isFew) onFew?.(count);
  const { train } = datasetsFromArrays(
    isFew ? repeated(arrays, Math.ceil(LEAST / count)) : { ...arrays },
    Object.values(files)
      .map((file) => basename(file))
      .join(', '),
    { labelled: false },
  );
  if (!train) throw new DataError({ what: 'There is no sample', where: '--input' });
  return { name: train.name, format: 'input files', train, close: async () => undefined };
}

async function arrayOf(file: string, name: string, maxUnpacked?: number): Promise<DataTensor> {
  const bytes = await readContent(file, maxUnpacked);
  switch (extname(file).toLowerCase()) {
    case '.npy':
      return parseNpy(bytes, file);
    case '.npz': {
      const found = parseNpz(bytes, file, maxUnpacked);
      const [only, ...more] = Object.values(found);
      if (Object.hasOwn(found, name)) return found[name];
      if (more.length === 0) return only;
      throw new DataError({ what: `The archive has no array "${name}"`, where: file, got: Object.keys(found).join(', ') });
    }
    default: {
      const { tensor } = decodeTensor(bytes, file);
      if (!ELEMENT_TYPES.includes(tensor.dtype as ElementType))
        throw new DataError({ what: `Samples of type ${tensor.dtype} are not read`, where: file, expected: ELEMENT_TYPES.join(', ') });
      return { type: tensor.dtype as ElementType, shape: [...tensor.shape], data: tensor.data() as DataTensor['data'] };
    }
  }
}

function repeated(arrays: Readonly<Record<string, DataTensor>>, times: number): Record<string, DataTensor> {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, { type, shape, data }]) => {
      const all = new (data.constructor as new (length: number) => DataTensor['data'])(data.length * times);
      for (let i = 0; i < times; i++) all.set(data as never, i * data.length);
      return [name, { type, shape: [shape[0] * times, ...shape.slice(1)], data: all }];
    }),
  );
}
