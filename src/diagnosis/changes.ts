import { type AnswerKinds, type Answers, logProbabilities, predictedClasses } from '../metrics/index.js';
import type { ChangedSample, ClassChanges } from './info.js';

/** A change before it is known what the sample looks like. */
export type Change = Omit<ChangedSample, 'shown'>;

/** A difference of numbers below this share of the targets' deviation is no other answer. */
const SAME = 0.1;

/**
 * The samples that two models answer differently, the worst first. Undefined for answers that are not kept sample by sample.
 * @param parts names of the classes, labels or columns.
 */
export function changesBetween(before: Answers, after: Answers, parts: readonly string[]): Change[] | undefined {
  const found = changesOfKind(before, after, parts);
  const rank = { lost: 0, other: 1, gained: 2 };
  return found?.sort((a, b) => rank[a.kind] - rank[b.kind] || b.harm - a.harm || a.index - b.index);
}

function changesOfKind(before: Answers, after: Answers, parts: readonly string[]): Change[] | undefined {
  if (before.kind === 'classes' && after.kind === 'classes') return classChanges(before, after, parts);
  if (before.kind === 'labels' && after.kind === 'labels') return labelChanges(before, after, parts);
  if (before.kind === 'numbers' && after.kind === 'numbers') return numberChanges(before, after);
  return undefined;
}

function classChanges(before: AnswerKinds['classes'], after: AnswerKinds['classes'], parts: readonly string[]): Change[] {
  const [was, is] = [before, after].map(({ predictions }) => predictedClasses(predictions));
  const [likelyWas, likelyIs] = [before, after].map(({ predictions }) => logProbabilities(predictions));
  const { classes } = before.predictions;
  const answer = (guess: number, likelihoods: Float64Array, row: number) =>
    guess < 0 ? 'no answer' : `${parts[guess] ?? guess} (${(100 * Math.exp(likelihoods[row * classes + guess])).toFixed(0)}%)`;
  return [...before.targets.keys()].flatMap((row): Change[] => {
    if (was[row] === is[row]) return [];
    const target = before.targets[row];
    const place = row * classes + target;
    return [
      {
        index: row,
        target: parts[target] ?? String(target),
        before: answer(was[row], likelyWas, row),
        after: answer(is[row], likelyIs, row),
        kind: was[row] === target ? 'lost' : is[row] === target ? 'gained' : 'other',
        harm: Math.exp(likelyWas[place]) - Math.exp(likelyIs[place]),
      },
    ];
  });
}

function labelChanges(before: AnswerKinds['labels'], after: AnswerKinds['labels'], parts: readonly string[]): Change[] {
  const { size, classes } = before.predictions;
  const named = (holds: (i: number) => boolean, row: number) =>
    parts.filter((_, label) => holds(row * classes + label)).join(', ') || 'none';
  const yes =
    ({ predictions }: AnswerKinds['labels']) =>
    (i: number) =>
      predictions.data[i] >= 0.5;
  const right = (i: number) => before.targets[i] === 1;
  return Array.from({ length: size }, (_, row) => row).flatMap((row): Change[] => {
    const texts = { before: named(yes(before), row), after: named(yes(after), row), target: named(right, row) };
    if (texts.before === texts.after) return [];
    let harm = 0;
    for (let i = row * classes; i < (row + 1) * classes; i++)
      harm += (before.predictions.data[i] - after.predictions.data[i]) * (right(i) ? 1 : -1);
    const kind = texts.before === texts.target ? 'lost' : texts.after === texts.target ? 'gained' : 'other';
    return [{ index: row, ...texts, kind, harm }];
  });
}

function numberChanges(before: AnswerKinds['numbers'], after: AnswerKinds['numbers']): Change[] {
  const { size, columns } = before.predictions;
  const width = columns.length;
  const deviations = columns.map((_, column) => deviation(before.targets, column, width));
  const row = (data: Float32Array, index: number) => Array.from(data.subarray(index * width, (index + 1) * width));
  const text = (values: readonly number[]) => values.map((value) => String(Number(value.toPrecision(4)))).join(', ');
  return Array.from({ length: size }, (_, index) => index).flatMap((index): Change[] => {
    const [was, is, right] = [before.predictions.data, after.predictions.data, before.targets].map((data) => row(data, index));
    const moved = was.reduce((most, value, c) => Math.max(most, Math.abs(value - is[c]) / deviations[c]), 0);
    if (moved < SAME) return [];
    const growths = was.map((value, c) => (Math.abs(is[c] - right[c]) - Math.abs(value - right[c])) / deviations[c]);
    // The column whose error changed most decides: what the others did beside it is little.
    const harm = growths.reduce((most, growth) => (Math.abs(growth) > Math.abs(most) ? growth : most), 0);
    const kind = harm > 0 ? 'lost' : harm < 0 ? 'gained' : 'other';
    return [{ index, target: text(right), before: text(was), after: text(is), kind, harm }];
  });
}

function deviation(values: Float32Array, column: number, width: number): number {
  const own = values.filter((_, i) => i % width === column);
  const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
  return Math.sqrt(own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / own.length) || 1;
}

/** How each class fared, the ones that changed most first; classes without samples are left out. */
export function changesByClass(answers: Answers, changes: readonly Change[], parts: readonly string[]): ClassChanges[] {
  if (answers.kind !== 'classes') return [];
  const rows = parts.map((name): ClassChanges => ({ name, samples: 0, lost: 0, gained: 0, other: 0 }));
  for (const label of answers.targets) rows[label].samples++;
  for (const { index, kind } of changes) rows[answers.targets[index]][kind]++;
  const moved = ({ lost, gained, other }: ClassChanges) => lost + gained + other;
  return rows.filter(({ samples }) => samples > 0).sort((a, b) => moved(b) - moved(a) || b.lost - a.lost);
}
