// How often a tool does best among those that were run on the same models, mode by mode.

/** Below this the worst output is destroyed, dB; and below this change of accuracy (a fraction), the model. */
const SOUND = { decibels: 10, change: -0.05 };
/** A result is told apart from the best by intervals, but never by less than this. */
const TIE = { decibels: 0.5, change: 0.001 };

/**
 * Rows for one mode, one for each tool and variant: models compared, results that load, are sound and smaller, models on which it is best or tied with the best
 * (quality: accuracy where there are labels, else the worst output) and alone the worst, and medians over the models on which all variants that
 * succeeded at all are compared.
 */
export function standings({ models, tools }, mode) {
  const names = [...new Set(Object.values(models).flatMap(({ runs }) => Object.keys(runs)))].filter((name) => kindOf(name) === mode);
  // Where no tool finds anything to quantize there is nothing to compare.
  const fields = Object.values(models).filter(({ runs, bytes }) =>
    names.some((name) => runs[name]?.loads && !isUnchanged(runs[name], bytes)),
  );
  const median = middleOf(fields, names);
  return names.map((name) => {
    const compared = fields.filter(({ runs }) => runs[name]);
    const count = (test) =>
      compared.filter(({ runs }) =>
        test(
          runs[name],
          Object.entries(runs).flatMap(([other, run]) => (names.includes(other) ? [run] : [])),
        ),
      ).length;
    return {
      name: name.replace(` ${mode}-`, ', ').replace(` ${mode}`, ''),
      models: compared.length,
      good: compared.filter(({ runs, bytes }) => isSound(runs[name]) && !isUnchanged(runs[name], bytes)).length,
      first: count((run, all) => all.every((other) => !isBetter(other, run)) && isSound(run)),
      last: count((run, all) => all.length > 1 && all.every((other) => other === run || isBetter(other, run))),
      ...median(name, tools[name.split(' ')[0]].idle),
    };
  });
}

const kindOf = (name) => name.split(' ')[1].split('-')[0];

/** Whether a tool has written a model that it has not changed, or no smaller. */
export function isUnchanged(run, original) {
  return run.worst?.decibels > 199 && run.bytes > 0.99 * original;
}

function isSound(run) {
  if (!run.loads) return false;
  const { accuracy, worst } = run;
  return accuracy ? accuracy.after - accuracy.before >= SOUND.change : worst.decibels >= SOUND.decibels;
}

/** Whether a result is better than another beyond their intervals; where only one is sound, that. */
function isBetter(one, other) {
  if (isSound(one) !== isSound(other)) return isSound(one);
  if (!isSound(one)) return false;
  if (one.accuracy) {
    const gap = one.accuracy.after - other.accuracy.after;
    return gap > TIE.change && one.accuracy.change[0] > other.accuracy.change[1];
  }
  return one.worst.decibels - other.worst.decibels > TIE.decibels && one.worst.interval[0] > other.worst.interval[1];
}

/** Medians over the models on which every variant succeeded that succeeds on at least half of them. */
function middleOf(fields, names) {
  const steady = names.filter((name) => 2 * fields.filter(({ runs }) => runs[name] && isSound(runs[name])).length >= fields.length);
  const shared = fields.filter(({ runs }) => steady.every((name) => runs[name] && isSound(runs[name])));
  return (name, idle) => {
    if (!steady.includes(name) || shared.length === 0) return {};
    const of = (value) => middle(shared.map((each) => value(each.runs[name], each)));
    return {
      sqnr: of(({ worst }) => worst.decibels),
      size: of(({ bytes }, each) => bytes / each.bytes),
      latency: of(({ ratio }) => ratio),
      cpu: of(({ cpu }) => cpu),
      memory: of(({ peak }) => Math.max(0, peak - idle)),
    };
  };
}

function middle(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
