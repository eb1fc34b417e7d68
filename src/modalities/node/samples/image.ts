import { join } from 'node:path';
import { makeFolder } from '../../../base/node/index.js';
import { openDataset } from '../../../data/node/index.js';
import type { SampleData } from './sample-data.js';

/** Every so many-th digit is set apart as test part. */
const TEST = 5;

/** The built-in digits as PNG files in class folders. */
export const imageSample: SampleData = {
  name: 'image',
  summary: '1,797 handwritten digits as PNG files in class folders, under train/ and test/ (UCI optdigits, CC BY 4.0)',
  async write(folder) {
    const { default: sharp } = await import('sharp');
    const { train } = await openDataset('digits');
    if (train.targets?.kind !== 'class') return;
    const { classes, values } = train.targets;
    for (const part of ['train', 'test']) for (const name of classes) makeFolder(join(folder, part, name));
    const { inputs } = await train.read(Int32Array.from({ length: train.size }, (_, i) => i));
    const [{ data, shape }] = Object.values(inputs);
    const [, height, width] = shape;
    for (let i = 0; i < train.size; i++) {
      const pixels = Uint8Array.from(data.subarray(i * height * width, (i + 1) * height * width) as Uint8Array, (value) =>
        Math.round((value * 255) / 16),
      );
      const file = join(folder, i % TEST === 0 ? 'test' : 'train', classes[values[i]], `${String(i).padStart(4, '0')}.png`);
      await sharp(pixels, { raw: { width, height, channels: 1 } })
        .png()
        .toFile(file);
    }
  },
};
