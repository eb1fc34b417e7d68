import type { Quality } from '../../training/index.js';
import type { QualityInfo } from '../results/info.js';

/** A quality without its confusion matrix, which only the test part's keeps. */
export function qualityInfo({ confusion: _, ...quality }: Quality): QualityInfo {
  return quality;
}

/** Most classes for which a model carries its confusion matrix. */
const MOST_CONFUSED_CLASSES = 50;

/** The confusion matrix of a classification, unless it has too many classes to be looked at. */
export function confusionOf({ confusion }: Quality): number[][] | undefined {
  return confusion && confusion.length <= MOST_CONFUSED_CLASSES ? confusion : undefined;
}
