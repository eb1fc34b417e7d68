import { DataError } from '../../base/index.js';
import {
  type DataSource,
  type Dataset,
  type DataTensor,
  datasetsFromArrays,
  datasetsFromTables,
  parseNpy,
  parseNpz,
  type Table,
  tableFromCsv,
  tableFromJson,
  tableFromJsonLines,
} from '../../data/index.js';
import { imageSize, notedCategories, notedColumns } from '../../modalities/index.js';
import type { Model } from '../../onnx/index.js';
import type { TabFile } from './files.js';
import { type ImageOptions, openImages } from './images.js';

const IMAGE = /\.(jpe?g|png|webp|gif|avif|bmp)$/i;
const READS = 'images in class folders (.jpg, .png, .webp, .gif, .avif, .bmp), or one .npz, .npy, .csv, .tsv, .jsonl or .json';

type Reader<T> = (bytes: Uint8Array, where: string) => T;
const TABLES: Readonly<Record<string, Reader<Table>>> = {
  csv: tableFromCsv,
  tsv: tableFromCsv,
  jsonl: tableFromJsonLines,
  ndjson: tableFromJsonLines,
  json: tableFromJson,
};
const ARRAYS: Readonly<Record<string, Reader<Record<string, DataTensor>>>> = {
  npz: (bytes, where) => parseNpz(bytes, where),
  npy: (bytes, where) => ({ input: parseNpy(bytes, where) }),
};

/**
 * Opens data that was chosen in the page. What of images is read, this browser decodes.
 * @param model what it is for: a table's columns are read in its order, images brought to its size.
 * @throws DataError for files that are of no form, or of several; FormatError for damaged ones.
 */
export async function openData(files: readonly TabFile[], model: Model, options: Omit<ImageOptions, 'size'>): Promise<DataSource> {
  const seen = files.filter(({ path }) => !path.split('/').some((name) => name.startsWith('.')));
  const images = seen.filter(({ path }) => IMAGE.test(path));
  if (images.length > 0) return openImages(images, folderOf(images[0].path), { ...options, size: imageSize(model) });
  const readable = seen.filter(({ path }) => Object.hasOwn(TABLES, endingOf(path)) || Object.hasOwn(ARRAYS, endingOf(path)));
  if (readable.length !== 1)
    throw new DataError({
      what: readable.length === 0 ? 'There is no data that can be read here' : 'There are several files of data',
      expected: READS,
      got:
        (readable.length === 0 ? seen : readable)
          .slice(0, 5)
          .map(({ path }) => path)
          .join(', ') || 'no file',
    });
  const [{ path, read }] = readable;
  const ending = endingOf(path);
  const bytes = await read();
  if (Object.hasOwn(ARRAYS, ending)) return sourceOf(datasetsFromArrays(ARRAYS[ending](bytes, path), path), path, 'arrays');
  const known = { order: notedColumns(model), categories: notedCategories(model) };
  return sourceOf(datasetsFromTables({ train: TABLES[ending](bytes, path) }, known, options), path, 'table');
}

function sourceOf(
  { train, ...others }: Partial<Record<'train' | 'validation' | 'test', Dataset>>,
  name: string,
  format: string,
): DataSource {
  if (!train) throw new DataError({ what: 'There is no training part', where: name });
  return { name, format, train, ...others, close: async () => undefined };
}

function endingOf(path: string): string {
  return /\.(\w+)$/.exec(path)?.[1].toLowerCase() ?? '';
}

function folderOf(path: string): string {
  return path.includes('/') ? path.split('/')[0] : 'images';
}
