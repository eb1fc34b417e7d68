import type { AnswerKinds } from '../answers.js';
import type { Metric } from '../metric.js';
import { share } from '../scales.js';
import { averagePrecisions, OVERLAPS } from './average-precision.js';

type Kinds = AnswerKinds['boxes'];

function meanOver(overlaps: readonly number[], category?: number) {
  return (found: Kinds['predictions'], objects: Kinds['targets']): number => {
    const occurring = [...new Set(objects.flat().map((each) => each.category))].sort((a, b) => a - b);
    const all = averagePrecisions(found, objects, category === undefined ? occurring : [category], overlaps).flat();
    const defined = all.filter((each) => !Number.isNaN(each));
    return defined.reduce((sum, each) => sum + each, 0) / defined.length;
  };
}

function metric(name: string, label: string, overlaps: readonly number[]): Metric<'boxes'> {
  const whole: Metric<'boxes'> = {
    name,
    label,
    answers: 'boxes',
    direction: 'maximize',
    scale: share,
    tolerance: 0.01,
    score: meanOver(overlaps),
    of: (part, index) => ({ ...whole, name: `${name}[${part}]`, label: `${label} of ${part}`, score: meanOver(overlaps, index) }),
  };
  return whole;
}

/**
 * COCO's main number: average precision over 101 recalls, at most 100 detections of a category in an image, mean over the overlaps 0.5, 0.55, … 0.95
 * and over the categories that occur; crowds count neither way. As pycocotools has it; NaN without an object.
 */
export const boxPrecision: Metric<'boxes'> = metric('map', 'mAP@50:95', OVERLAPS);

/** The same at an overlap of 0.5 alone. */
export const boxPrecision50: Metric<'boxes'> = metric('map50', 'mAP@50', OVERLAPS.slice(0, 1));
