// What is claimed: the commands as documentation has them, and what may be lost.

/** Each step makes a file of the one before; those of `small` are the model's own. Points that may be lost, and what else must hold. */
export const ROWS = {
  int8: { title: 'int8, static', most: 0.3, steps: [['quantize']] },
  int4: { title: '4-bit weights', most: 0.5, steps: [['quantize', '--weights', 'int4']] },
  'int4-learned': {
    title: '4-bit weights, learned rounding',
    most: 0.5,
    steps: [['quantize', '--weights', 'int4', '--method', 'adaround']],
  },
  int2: { title: '2-bit weights, trained', most: 2, steps: [['quantize', '--aware', '--weights', 'int2']] },
  half: { title: 'half the MACs', most: 1, steps: [['prune', '--target', 'macs=0.5']] },
  small: {
    title: '3 times smaller and twice as fast',
    most: 0.3,
    size: 1 / 3,
    time: 1 / 2,
  },
};

/** How a row came out: whether the loss is within what is claimed, and whether the interval says so as well. */
export function verdictOf({ most, size, time }, run) {
  if (!run.before) return 'not done';
  const [difference, low, high] = differenceOf(run);
  const isSmall = !size || run.bytes[1] <= size * run.bytes[0];
  const isQuick = !time || (run.time && run.time[2] <= time);
  if (!isSmall || !isQuick) return `no: ${[...(isSmall ? [] : ['size']), ...(isQuick ? [] : ['time'])].join(', ')}`;
  if (low >= -most) return 'holds, interval too';
  if (difference >= -most) return 'holds';
  return high >= -most ? 'no, within the interval' : 'no';
}

/**
 * Points gained on the same samples, with a 95% interval: of paired shares, after adding half a sample to each of the four cases, so that samples of which none
 * changed do not prove that none would (Agresti and Min 2005).
 */
export function differenceOf({ lost, gained, samples }) {
  const count = samples + 2;
  const middle = (gained - lost) / count;
  const half = 1.96 * Math.sqrt((lost + gained + 1 - (gained - lost) ** 2 / count) / count ** 2);
  return [(100 * (gained - lost)) / samples, 100 * (middle - half), 100 * (middle + half)];
}
