import { join } from 'node:path';
import { DataError, FormatError } from '../../base/index.js';
import type { DataSource, Dataset } from '../dataset.js';
import { describeArray, keepAsTest, type PartName, partOf, rangeOf } from '../formats/arrays.js';
import { parseIdx } from '../formats/idx.js';
import { listed, type TargetOptions, targetsFromTensor } from '../formats/labels.js';
import { arrayDataset } from '../memory.js';
import type { Targets } from '../targets.js';
import { readContent } from './files.js';
import type { OpenOptions } from './options.js';

/** MNIST's file names and those made after them, e.g. "train-images-idx3-ubyte.gz" and "emnist-letters-test-labels-idx1-ubyte". */
const NAME = /^(.*-)?(train|test|t10k)-(images|labels)[-.]idx\d-ubyte(\.gz)?$/;

export function isIdx(file: string): boolean {
  return NAME.test(file);
}

/**
 * IDX files of a folder: images with, usually, labels, for training and usually for test.
 * @throws FormatError when several files claim the same place, or images are missing.
 */
export async function openIdx(folder: string, files: readonly string[], options: OpenOptions): Promise<DataSource> {
  const places = new Map<string, string>();
  for (const file of files) {
    const [, , part, what] = NAME.exec(file) as RegExpExecArray;
    const place = `${partOf(part)} ${what}`;
    if (places.has(place)) {
      throw new FormatError({
        what: 'Several files hold the same part',
        where: folder,
        got: `${places.get(place)} and ${file}`,
        fix: 'Keep one data set in a folder',
      });
    }
    places.set(place, file);
  }
  const present = (['train', 'test'] as const).filter((part) => places.has(`${part} images`));
  if (present.length === 0) throw new FormatError({ what: 'There are IDX labels and no images', where: folder, got: listed([...files]) });
  const found: Partial<Record<PartName, Dataset>> = {};
  let like: Targets | undefined;
  for (const part of present) {
    const images = join(folder, places.get(`${part} images`) as string);
    const labelFile = options.labelled === false ? undefined : places.get(`${part} labels`);
    const read = await readPart(images, labelFile && join(folder, labelFile), { ...options, like });
    like ??= read.targets;
    found[part] = read;
  }
  const { train, ...others } = found.train ? keepAsTest(found) : { train: found.test };
  return { name: folder, format: 'IDX', train: train as Dataset, ...others, close: async () => undefined };
}

async function readPart(images: string, labelFile: string | undefined, options: OpenOptions & TargetOptions): Promise<Dataset> {
  const tensor = describeArray(parseIdx(await readContent(images, options.maxUnpacked), images));
  const input = tensor.kind === 'image' ? 'image' : 'input';
  const { kind = 'tensor', type } = tensor;
  const common = { name: images, inputs: { [input]: tensor }, kinds: { [input]: { kind, ...rangeOf(type) } } };
  if (!labelFile) return arrayDataset(common);
  const labels = parseIdx(await readContent(labelFile, options.maxUnpacked), labelFile);
  if (labels.shape[0] !== tensor.shape[0]) {
    throw new DataError({
      what: 'Images and labels differ in number',
      where: labelFile,
      expected: `${tensor.shape[0]} labels`,
      got: String(labels.shape[0]),
    });
  }
  return arrayDataset({ ...common, targets: targetsFromTensor(labels, labelFile, options) });
}
