import type { LabelScores } from '../answers.js';
import type { ClassCounts } from '../classes/confusion.js';

/** Above this probability a label is answered with yes. NaN is a no. */
const YES = 0.5;

/** Counts for each label. */
export function countLabels({ classes, data }: LabelScores, targets: Uint8Array): ClassCounts[] {
  const counts = Array.from({ length: classes }, () => ({ hits: 0, actual: 0, guessed: 0 }));
  for (let i = 0; i < data.length; i++) {
    const count = counts[i % classes];
    const isGuessed = data[i] > YES;
    count.actual += targets[i];
    count.guessed += Number(isGuessed);
    count.hits += Number(isGuessed && targets[i] === 1);
  }
  return counts;
}

/** Samples of which every label is answered right. */
export function exactHits({ size, classes, data }: LabelScores, targets: Uint8Array): number {
  let found = 0;
  for (let row = 0; row < size; row++) {
    let isRight = true;
    for (let i = row * classes; i < (row + 1) * classes; i++) isRight &&= !Number.isNaN(data[i]) && data[i] > YES === (targets[i] === 1);
    found += Number(isRight);
  }
  return found;
}
