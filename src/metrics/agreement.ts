import type { Answers, Detection, Numbers } from './answers.js';
import { matchBoxes, surest } from './boxes/matching.js';
import { predictedClasses } from './classes/confusion.js';
import { wilsonInterval } from './intervals.js';
import { columnErrors, r2Of } from './numbers/columns.js';
import { coefficient, type Scale, share } from './scales.js';

/** How far a model answers as the original does on the same samples. */
export interface Agreement {
  /** What the value is: a share of answers that are the same, or an R² of numbers against the original's. */
  measure: 'share' | 'r2' | 'cosine';
  value: number;
  /** 95% interval of a share. */
  interval?: readonly [number, number];
  /** Answers that were compared. */
  samples: number;
}

/** How an agreement is written. */
export function agreementScale({ measure }: Pick<Agreement, 'measure'>): Scale {
  return measure === 'share' ? share : coefficient;
}

/**
 * Compares what two models answered on the same samples, whatever was right. Undefined where the answers have nothing to be compared by: fidelity is
 * an agreement itself.
 */
export function agreementBetween(original: Answers, candidate: Answers): Agreement | undefined {
  if (original.kind === 'classes' && candidate.kind === 'classes') {
    const [a, b] = [predictedClasses(original.predictions), predictedClasses(candidate.predictions)];
    return shareOf(a.length, (row) => a[row] === b[row]);
  }
  if (original.kind === 'labels' && candidate.kind === 'labels') {
    const { size, classes, data } = candidate.predictions;
    const wanted = original.predictions.data;
    return shareOf(size, (row) => {
      for (let i = row * classes; i < (row + 1) * classes; i++) if (!(data[i] > 0.5 === wanted[i] > 0.5)) return false;
      return true;
    });
  }
  if (original.kind === 'tokens' && candidate.kind === 'tokens') {
    const [a, b] = [original.predictions.predicted, candidate.predictions.predicted];
    return shareOf(a.length, (i) => a[i] === b[i]);
  }
  if (original.kind === 'boxes' && candidate.kind === 'boxes') return boxesAgree(original.predictions, candidate.predictions);
  if (original.kind === 'numbers' && candidate.kind === 'numbers') return numbersAgree(original.predictions, candidate.predictions);
  return undefined;
}

/** Boxes that count: those that a user of a detector is usually shown. */
const SHOWN = 0.25;
/** Boxes that overlap by so much are the same, as in mAP@50. */
const OVERLAP = 0.5;

/** Share of both models' boxes that the other has, too: one of the same category that overlaps by half. Undefined where neither shows any. */
function boxesAgree(original: readonly (readonly Detection[])[], candidate: readonly (readonly Detection[])[]): Agreement | undefined {
  let [same, all] = [0, 0];
  original.forEach((found, image) => {
    const shown = [found, candidate[image]].map((each) => each.filter(({ score }) => score >= SHOWN));
    for (const category of new Set(shown.flat().map((each) => each.category))) {
      const [a, b] = shown.map((each) => surest(each.filter((one) => one.category === category)));
      same += 2 * matchBoxes(b, a, OVERLAP).filter(({ isHit }) => isHit).length;
      all += a.length + b.length;
    }
  });
  return all === 0 ? undefined : { measure: 'share', value: same / all, interval: wilsonInterval(same, all), samples: all };
}

function shareOf(samples: number, isSame: (index: number) => boolean): Agreement {
  let same = 0;
  for (let i = 0; i < samples; i++) same += Number(isSame(i));
  return { measure: 'share', value: same / Math.max(1, samples), interval: wilsonInterval(same, samples), samples };
}

/** R² of the worst column, the original's numbers being the truth. */
function numbersAgree(original: Numbers, candidate: Numbers): Agreement {
  const found = columnErrors(candidate, original.data).map(r2Of);
  const value = found.reduce((worst, each) => (Number.isNaN(each) || each < worst ? each : worst), 1);
  return { measure: 'r2', value, samples: original.size };
}
