// What rounding weights does to a classifier, on the test part.
import { answersOf } from 'espalier/training';

/** What a model says of the test part, and which of it is right. */
export async function judged(model, task, runtime) {
  const { size, predictions, targets } = await answersOf(model, task, runtime, { split: 'test' });
  const { data, classes } = predictions;
  const right = Array.from({ length: size }, (_, sample) => {
    const scores = data.subarray(sample * classes, (sample + 1) * classes);
    return Number(scores.indexOf(Math.max(...scores)) === targets[sample]);
  });
  return { scores: data, right };
}

export function mean(numbers) {
  return numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
}

/** Points that the second gains on the same samples, with the half-width of the normal 95% interval. */
export function paired(before, after) {
  const differences = after.map((each, i) => 100 * (each - before[i]));
  const middle = mean(differences);
  const spread = Math.sqrt(mean(differences.map((each) => (each - middle) ** 2)) / differences.length);
  return [middle, 1.96 * spread];
}

/** SQNR of all scores together, in dB. */
export function decibels(whole, other) {
  let [signal, noise] = [0, 0];
  whole.forEach((value, i) => {
    signal += value ** 2;
    noise += (value - other[i]) ** 2;
  });
  return 10 * Math.log10(signal / noise);
}
