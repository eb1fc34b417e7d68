import type { Detection, TrueBox } from '../answers.js';

/** Detections of a category that count in an image, the surest first. */
const MOST = 100;

/** What became of one detection at one threshold of overlap. */
export interface Match {
  score: number;
  /** Whether it found an object that no surer one had found. */
  isHit: boolean;
  /** Whether it lies on a crowd and counts neither way. */
  isIgnored: boolean;
}

/** Detections of one category in one image, the surest first, equal ones in their order; a score of NaN comes last. */
export function surest(found: readonly Detection[]): Detection[] {
  const rank = ({ score }: Detection) => (Number.isNaN(score) ? Number.NEGATIVE_INFINITY : score);
  return [...found].sort((a, b) => (rank(a) === rank(b) ? 0 : rank(b) - rank(a))).slice(0, MOST);
}

/**
 * Matches the detections of one category in one image to its objects, as COCO does: in the order given, each takes the object with the largest overlap
 * (of equals the later) that is not taken, and a crowd only where there is none; a crowd takes any number.
 * @param overlap least intersection over union.
 */
export function matchBoxes(found: readonly Detection[], objects: readonly TrueBox[], overlap: number): Match[] {
  const ordered = [...objects].sort((a, b) => Number(a.isCrowd ?? false) - Number(b.isCrowd ?? false));
  const taken = new Set<TrueBox>();
  return found.map(({ box, score }) => {
    let best: TrueBox | undefined;
    let most = Math.min(overlap, 1 - 1e-10);
    for (const object of ordered) {
      if (taken.has(object) && !object.isCrowd) continue;
      if (best && !best.isCrowd && object.isCrowd) break;
      const shared = overlapOf(box, object);
      if (shared < most) continue;
      most = shared;
      best = object;
    }
    if (best) taken.add(best);
    return { score, isHit: best !== undefined && !best.isCrowd, isIgnored: best?.isCrowd ?? false };
  });
}

/** Intersection over union; with a crowd the share of the detection that lies in it. */
function overlapOf([x, y, width, height]: Detection['box'], { box: [left, top, w, h], isCrowd = false }: TrueBox): number {
  const across = Math.min(x + width, left + w) - Math.max(x, left);
  const down = Math.min(y + height, top + h) - Math.max(y, top);
  if (across <= 0 || down <= 0) return 0;
  const shared = across * down;
  return shared / (isCrowd ? width * height : width * height + w * h - shared);
}
