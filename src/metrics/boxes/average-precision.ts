import type { AnswerKinds } from '../answers.js';
import { type Match, matchBoxes, surest } from './matching.js';

type Found = AnswerKinds['boxes']['predictions'];
type Objects = AnswerKinds['boxes']['targets'];

/** Overlaps from 0.5 to 0.95, as numpy.linspace gives them: the last bit decides about boxes that overlap by exactly that much. */
export const OVERLAPS: readonly number[] = Array.from({ length: 10 }, (_, i) => (i === 9 ? 0.95 : 0.5 + i * ((0.95 - 0.5) / 9)));
/** Recalls at which precision is read. */
const RECALLS = Array.from({ length: 101 }, (_, i) => (i === 100 ? 1 : i * 0.01));

/** Average precision of each category at each overlap, [category][overlap]; NaN for a category without objects. @param categories how many there are. */
export function averagePrecisions(found: Found, objects: Objects, categories: readonly number[], overlaps: readonly number[]): number[][] {
  return categories.map((category) => {
    const images = objects.map((all, image) => ({
      found: surest(found[image].filter((each) => each.category === category)),
      objects: all.filter((each) => each.category === category),
    }));
    const wanted = images.reduce((sum, each) => sum + each.objects.filter(({ isCrowd }) => !isCrowd).length, 0);
    return overlaps.map((overlap) =>
      averagePrecision(
        images.flatMap((each) => matchBoxes(each.found, each.objects, overlap)),
        wanted,
      ),
    );
  });
}

/** Mean precision at the 101 recalls, where the precision at a recall is the best at that recall or beyond. */
function averagePrecision(matches: Match[], wanted: number): number {
  if (wanted === 0) return Number.NaN;
  const rank = ({ score }: Match) => (Number.isNaN(score) ? Number.NEGATIVE_INFINITY : score);
  const counted = matches.filter(({ isIgnored }) => !isIgnored).sort((a, b) => (rank(a) === rank(b) ? 0 : rank(b) - rank(a)));
  let hits = 0;
  const recalls: number[] = [];
  const precisions = counted.map(({ isHit }, i) => {
    hits += Number(isHit);
    recalls.push(hits / wanted);
    return hits / (i + 1 + Number.EPSILON);
  });
  for (let i = precisions.length - 1; i > 0; i--) precisions[i - 1] = Math.max(precisions[i - 1], precisions[i]);
  let [sum, place] = [0, 0];
  for (const recall of RECALLS) {
    while (place < recalls.length && recalls[place] < recall) place++;
    sum += precisions[place] ?? 0;
  }
  return sum / RECALLS.length;
}
