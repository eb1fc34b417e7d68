import type { Detection } from '../../../metrics/index.js';

/** A box by its corners, [left, top, right, bottom], in whatever unit the model has. */
export interface Found {
  corners: readonly [number, number, number, number];
  score: number;
  category: number;
}

/** Overlap from which the less sure of two boxes of a class goes, least score that is kept, and boxes of an image at most: as Ultralytics validates. */
const OVERLAP = 0.7;
const LEAST_SCORE = 0.001;
const MOST = 300;
/** The surest boxes that are looked at. */
const LOOKED_AT = 30_000;

/** Greedy non-maximum suppression, each class by itself. */
export function suppress(found: readonly Found[]): Found[] {
  const order = found.filter(({ score }) => !(score < LEAST_SCORE)).sort((a, b) => b.score - a.score);
  const kept: Found[] = [];
  for (const each of order.slice(0, LOOKED_AT)) {
    if (kept.length === MOST) break;
    if (!kept.some((other) => other.category === each.category && overlapOf(other.corners, each.corners) > OVERLAP)) kept.push(each);
  }
  return kept;
}

function overlapOf(a: Found['corners'], b: Found['corners']): number {
  const across = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const down = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (across <= 0 || down <= 0) return 0;
  const area = (box: Found['corners']) => (box[2] - box[0]) * (box[3] - box[1]);
  return (across * down) / (area(a) + area(b) - across * down);
}

/** From here on coordinates are pixels, not shares of the image. */
const PIXELS = 2;

/** Boxes of all images as detections in the stored images' pixels. @param input size of the model's image. */
export function placeBoxes(
  images: readonly (readonly Found[])[],
  input: { width: number; height: number },
  stored: { width: number; height: number },
): Detection[][] {
  const isInPixels = images.some((found) => found.some(({ corners }) => corners.some((each) => Math.abs(each) > PIXELS)));
  const [across, down] = isInPixels ? [stored.width / input.width, stored.height / input.height] : [stored.width, stored.height];
  return images.map((found) =>
    found.map(({ corners: [left, top, right, bottom], score, category }) => ({
      category,
      score,
      box: [left * across, top * down, (right - left) * across, (bottom - top) * down] as const,
    })),
  );
}
