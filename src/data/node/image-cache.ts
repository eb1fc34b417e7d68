import { createHash } from 'node:crypto';
import { DataError } from '../../base/index.js';
import type { DataSource, Dataset, InputSpec } from '../dataset.js';
import type { PartName } from '../formats/arrays.js';
import { arrayDataset } from '../memory.js';
import { type Targets, targetBytes } from '../targets.js';
import { readSamples } from './cache.js';
import type { ImageSize } from './decode.js';
import { type KeptPart, reviveTargets } from './kept.js';
import { fileDataset } from './rows.js';

/** Goes up when the same files would decode or be described differently, so that older caches are not used. */
export const VERSION = 3;

/** What a cache file says of its samples; the parts lie in it one after the other, in this order. */
export interface Description {
  version: number;
  stamp: string;
  image: ImageSize & { channels: 1 | 3 };
  parts: KeptPart[];
  unreadable: string[];
  /** How many images were brought to another size. */
  resized: boolean;
}

/** The targets of images by their paths, which were brought to one size. */
export type TargetsOf = (paths: readonly string[], stored: ImageSize) => Targets;

/** The parts of a cache file as data sets: in memory where they fit, else read from the file when asked. */
export async function openCache(
  description: Description,
  path: string,
  where: string,
  memoryLimit: number,
  targetsOf?: TargetsOf,
): Promise<DataSource> {
  const { image, parts } = description;
  const input: InputSpec = {
    name: 'image',
    type: 'uint8',
    shape: [image.height, image.width, image.channels],
    kind: 'image',
    range: [0, 255],
  };
  const rowBytes = image.height * image.width * image.channels;
  const total = parts.reduce((sum, part) => sum + part.size, 0) * rowBytes;
  const memory = total <= memoryLimit ? await readSamples(path, total) : undefined;
  const datasets: Partial<Record<PartName, Dataset>> = {};
  const closers: (() => Promise<void>)[] = [];
  let offset = 0;
  for (const { name: part, size, targets: kept, files, fingerprint: pixels } of parts) {
    const name = parts.length > 1 ? `${where} (${part})` : where;
    const targets = targetsOf ? targetsOf(files ?? [], image) : kept && reviveTargets(kept);
    const fingerprint = targetsOf ? fingerprintWith(pixels, targets) : pixels;
    const common = { name, ...(targets && { targets }), ...(files && !targetsOf && { files }), fingerprint };
    if (memory) {
      const data = memory.subarray(offset, offset + size * rowBytes);
      const tensor = { type: input.type, shape: [size, ...input.shape], data };
      datasets[part] = arrayDataset({ ...common, inputs: { image: tensor }, kinds: { image: input } });
    } else {
      const { dataset, close } = await fileDataset({ ...common, path, offset, size, input });
      datasets[part] = dataset;
      closers.push(close);
    }
    offset += size * rowBytes;
  }
  const { train, ...others } = datasets;
  if (!train) throw new DataError({ what: 'There is no training part', where });
  return {
    name: where,
    format:
      train.targets === undefined
        ? 'images without labels'
        : train.targets.kind === 'class'
          ? 'images in class folders'
          : 'images with targets',
    train,
    ...others,
    async close() {
      for (const close of closers.splice(0)) await close();
    },
  };
}

/** Pixels and what is to be answered for them. */
function fingerprintWith(pixels: string, targets: Targets | undefined): string {
  const hash = createHash('sha256').update(pixels);
  for (const bytes of targets ? targetBytes(targets) : []) hash.update(bytes);
  return hash.digest('hex');
}
