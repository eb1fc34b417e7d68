import { type Activity, attempted, DataError, FormatError, Stopped } from '../../base/index.js';
import { arrayDataset, type DataSource, type Dataset, type FilesOfPart, layOutFolders, pickTargets } from '../../data/index.js';
import type { TabFile } from './files.js';

export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** Decoded pixels: RGB, row by row, 8 bits a channel. */
export interface Pixels extends ImageSize {
  readonly data: Uint8Array;
}

/** Decodes an image, upright; with `size` the middle of it is brought to that. Rejects with a FormatError where it is none. */
export type DecodeImage = (bytes: Uint8Array, size: ImageSize | undefined) => Promise<Pixels>;

/** Bytes of pixels that a tab takes, and the largest share of files that cannot be read before that is an error. */
const MOST_BYTES = 2 ** 30;
const MOST_UNREADABLE = 0.1;

export interface ImageOptions extends Activity {
  readonly decode: DecodeImage;
  /** The model's size: images that differ in size, or are larger both ways, are brought to it. */
  readonly size?: ImageSize;
}

/**
 * Images in class folders, or without labels in one folder, decoded into memory.
 * @throws DataError where too many cannot be read, they differ in size and none is given, or they take too much memory; FormatError as `layOutFolders`.
 */
export async function openImages(files: readonly TabFile[], name: string, options: ImageOptions): Promise<DataSource> {
  const parts = layOutFolders(files, name, 'image');
  const entries = Object.entries(parts);
  const all = await decodeAll(
    entries.flatMap(([, { files }]) => files),
    name,
    options,
  );
  const datasets: Record<string, Dataset> = {};
  let first = 0;
  for (const [part, each] of entries) {
    datasets[part] = datasetOf(
      each,
      all.pixels.slice(first, first + each.files.length),
      all.isGray,
      entries.length > 1 ? `${name} (${part})` : name,
    );
    first += each.files.length;
  }
  const { train, ...others } = datasets;
  if (!train) throw new DataError({ what: 'There is no training part', where: name });
  return { name, format: train.targets ? 'class folders of images' : 'images', train, ...others, close: async () => undefined };
}

interface Decoded {
  /** In the order of the files; undefined for what could not be read. */
  pixels: (Pixels | undefined)[];
  isGray: boolean;
}

/** Decodes all as they are, and once more to the model's size where that shows to be wanted. */
async function decodeAll(files: readonly TabFile[], name: string, options: ImageOptions): Promise<Decoded> {
  return (await decodePass(files, undefined, name, options)) ?? ((await decodePass(files, options.size, name, options)) as Decoded);
}

/** @returns undefined where images have to be brought to the model's size. */
async function decodePass(
  files: readonly TabFile[],
  size: ImageSize | undefined,
  name: string,
  options: ImageOptions,
): Promise<Decoded | undefined> {
  const { decode, signal, onProgress, onMessage } = options;
  const pixels: (Pixels | undefined)[] = [];
  const unreadable: string[] = [];
  let common: ImageSize | undefined;
  let isGray = true;
  for (const file of files) {
    if (signal?.aborted) throw new Stopped({ what: 'Decoding images was stopped', where: name });
    const image = await attempted(
      async () => decode(await file.read(), size),
      () => undefined,
    );
    pixels.push(image);
    onProgress?.({ task: 'decode', done: pixels.length, total: files.length });
    if (!image) {
      unreadable.push(file.path);
      continue;
    }
    if (!size && needsSize(image, common, options.size, `${name}, ${file.path}`)) return undefined;
    common ??= image;
    if (3 * image.width * image.height * files.length > MOST_BYTES) throw tooLarge(image, files.length, name);
    isGray &&= image.data.every((value, i) => value === image.data[i - (i % 3)]);
  }
  if (unreadable.length > MOST_UNREADABLE * files.length)
    throw new FormatError({
      what: `${unreadable.length} of ${files.length} images cannot be read`,
      where: name,
      got: unreadable.slice(0, 5).join(', '),
    });
  if (unreadable.length > 0)
    onMessage?.({
      level: 'warning',
      text: `${unreadable.length} image(s) could not be read and are left out: ${unreadable.slice(0, 5).join(', ')}.`,
    });
  if (size) onMessage?.({ level: 'info', text: `Images are brought to ${size.width}×${size.height}.` });
  return { pixels, isGray };
}

function needsSize(image: ImageSize, common: ImageSize | undefined, wanted: ImageSize | undefined, where: string): boolean {
  const differs = common !== undefined && (image.width !== common.width || image.height !== common.height);
  if (differs && !wanted)
    throw new DataError({
      what: 'The images differ in size, and the model takes any',
      where,
      expected: `${common.width}×${common.height} as those before`,
      got: `${image.width}×${image.height}`,
      fix: 'Bring them to one size.',
    });
  return wanted !== undefined && (differs || (image.width > wanted.width && image.height > wanted.height));
}

function tooLarge({ width, height }: ImageSize, count: number, where: string): DataError {
  return new DataError({
    what: 'The images take more memory than a tab should',
    where,
    expected: `at most ${MOST_BYTES} bytes of pixels`,
    got: `${count} images of ${width}×${height}`,
    fix: 'Choose fewer or smaller ones.',
  });
}

function datasetOf({ targets }: FilesOfPart<TabFile>, all: readonly (Pixels | undefined)[], isGray: boolean, name: string): Dataset {
  const places = Int32Array.from(all.flatMap((each, i) => (each ? [i] : [])));
  if (places.length === 0) throw new DataError({ what: 'No image can be read', where: name });
  const { width, height } = all[places[0]] as Pixels;
  const channels = isGray ? 1 : 3;
  const data = new Uint8Array(places.length * width * height * channels);
  places.forEach((place, i) => {
    const { data: rgb } = all[place] as Pixels;
    data.set(isGray ? rgb.filter((_, at) => at % 3 === 0) : rgb, i * width * height * channels);
  });
  return arrayDataset({
    name,
    inputs: { image: { type: 'uint8', shape: [places.length, height, width, channels], data } },
    kinds: { image: { kind: 'image', range: [0, 255] } },
    ...(targets && { targets: pickTargets(targets, places) }),
  });
}
