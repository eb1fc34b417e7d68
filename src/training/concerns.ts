import { type AnyMetric, worth } from '../metrics/index.js';
import type { Quality } from './quality.js';
import type { Task } from './tasks/task.js';

/** Whether a quality is no better than the best answer that ignores the sample, as far as its interval tells. */
export function isAtChance({ value, interval, chance }: Quality, metric: AnyMetric): boolean {
  if (chance === undefined) return false;
  const least = interval?.[metric.direction === 'maximize' ? 0 : 1] ?? value;
  return worth(metric, least) <= worth(metric, chance);
}

/** By how much accuracy must rise in another order of the classes before that is believed. */
const GAIN = 0.2;

/**
 * The order of the classes in which the model would be right far more often: its confusion matrix is a permutation. Undefined where it is none.
 * @returns the names in the order of the model's scores, what accuracy they would give on these samples, and the line that says so to a command.
 */
export function permutedClasses(
  { confusion }: Pick<Quality, 'confusion'>,
  { parts }: Pick<Task, 'parts'>,
): { classes: string[]; accuracy: number; advice: string } | undefined {
  if (!confusion || confusion.length !== parts.length) return undefined;
  const total = confusion.flat().reduce((sum, count) => sum + count, 0);
  const right = confusion.reduce((sum, row, i) => sum + row[i], 0);
  const places = assign(confusion);
  const accuracy = confusion.reduce((sum, row, i) => sum + row[places[i]], 0) / Math.max(1, total);
  if (accuracy < right / Math.max(1, total) + GAIN) return undefined;
  const classes = new Array<string>(parts.length);
  parts.forEach((name, i) => {
    classes[places[i]] = name;
  });
  const advice = `The classes seem to be in another order than the model's: try --classes ${classes.map(quoted).join(',')}`;
  return { classes, accuracy, advice };
}

/** A column for each row, all different, chosen by the largest counts first. */
function assign(counts: readonly (readonly number[])[]): number[] {
  const cells = counts.flatMap((row, i) => row.map((count, j) => ({ i, j, count }))).sort((a, b) => b.count - a.count);
  const places = new Array<number>(counts.length).fill(-1);
  const taken = new Set<number>();
  for (const { i, j } of cells) {
    if (places[i] >= 0 || taken.has(j)) continue;
    places[i] = j;
    taken.add(j);
  }
  return places;
}

function quoted(name: string): string {
  return /^[\w.-]+$/.test(name) ? name : `"${name}"`;
}

/** What is to be said of a model besides its score, as sentences: it is at chance, its classes seem exchanged. @param subject begins the sentence. */
export function concerns(quality: Quality, task: Task, subject = 'The model'): string[] {
  const { metric } = task;
  const permuted = permutedClasses(quality, task);
  const guessing = isAtChance(quality, metric)
    ? [
        `${subject} is no better than guessing on this data: ${metric.label} ${metric.scale.format(quality.value)}, where ${metric.guess ?? 'an answer that ignores the sample'} has ${metric.scale.format(quality.chance as number)}.`,
      ]
    : [];
  return permuted ? [...guessing, `${permuted.advice} (${metric.scale.format(permuted.accuracy)} would be right).`] : guessing;
}
