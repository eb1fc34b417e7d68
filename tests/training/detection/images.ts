// Images with coloured squares, and what is in them as COCO says it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from 'espalier/base';
import sharp from 'sharp';

/** Squares along the longer side of an image. */
const CELLS = 4;

/** Ids with a gap, as COCO's have. */
const CATEGORIES = [
  { id: 1, name: 'red' },
  { id: 3, name: 'green' },
];

/** Images with two squares each, of one size or of two, and what is in them as COCO says it. */
export async function writeImages(folder: string, sizes: readonly (readonly [number, number])[], name = 'annotations.json'): Promise<void> {
  const random = new Random(folder.length);
  const truth = { images: [] as object[], categories: CATEGORIES, annotations: [] as object[] };
  for (let id = 0; id < 40; id++) {
    const [width, height] = sizes[id % sizes.length];
    const unit = Math.max(width, height) / CELLS;
    const pixels = new Uint8Array(width * height * 3);
    const taken = new Set<string>();
    for (let k = 0; k < 2; k++) {
      const [x, y] = [random.integer(width / unit) * unit, random.integer(height / unit) * unit];
      if (taken.has(`${x},${y}`)) continue;
      taken.add(`${x},${y}`);
      const colour = random.integer(2);
      for (let row = y; row < y + unit; row++) for (let at = x; at < x + unit; at++) pixels[(row * width + at) * 3 + colour] = 255;
      truth.annotations.push({
        id: truth.annotations.length + 1,
        image_id: id,
        category_id: CATEGORIES[colour].id,
        bbox: [x, y, unit, unit],
        area: unit * unit,
        iscrowd: 0,
      });
    }
    const file = `${id}.png`;
    truth.images.push({ id, file_name: file, width, height });
    await sharp(pixels, { raw: { width, height, channels: 3 } })
      .png()
      .toFile(join(folder, file));
  }
  writeFileSync(join(folder, name), JSON.stringify(truth));
}
