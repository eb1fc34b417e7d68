import { DataError, Random } from '../base/index.js';
import { type Dataset, strataOf, subset } from '../data/index.js';

/**
 * One epoch of as many samples of each class: all classes take turns, each in a random order of its own that begins anew when it has been
 * through, until there are as many samples as in the data set. Depends on the seed and the epoch only.
 * @throws DataError where the data has no classes.
 */
export function balancedView(dataset: Dataset, seed: number, epoch: number): Dataset {
  const { targets, size, name } = dataset;
  const labels = strataOf(targets);
  if (!labels) throw new DataError({ what: 'Data without classes has nothing to balance', where: name });
  const random = new Random(seed).fork(`balance of epoch ${epoch}`);
  const members = new Map<number, number[]>();
  labels.forEach((label, index) => {
    const known = members.get(label);
    if (known) known.push(index);
    else members.set(label, [index]);
  });
  const classes = random.shuffle([...members.values()]);
  for (const each of classes) random.shuffle(each);
  const taken = Int32Array.from({ length: size }, (_, i) => {
    const turn = classes[i % classes.length];
    const round = Math.floor(i / classes.length);
    if (round > 0 && round % turn.length === 0) random.shuffle(turn);
    return turn[round % turn.length];
  });
  return subset(dataset, taken, name);
}
