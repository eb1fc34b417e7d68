// How often a tool does best among those that were run on the same models, mode by mode.

/** Below this the worst output is destroyed, dB; and below this change of accuracy (a fraction), the model. */
const SOUND = { decibels: 10, change: -0.05 };
/** A result is told apart from the best by intervals, but never by less than this. */
const TIE = { decibels: 0.5, change: 0.001 };

/**
 * Rows for one mode, one for each tool and variant: models compared, results that load, are sound and gain something, models on which it is best or tied with the best
 * (quality: accuracy where there are labels, else the worst output) and alone the worst, and medians over the models on which all variants that
 * succeeded at all are compared.
 */
export function standings({ models, tools }, mode) {
  const names = [...new Set(Object.values(models).flatMap(({ runs }) => Object.keys(runs)))].filter((name) => kindOf(name) === mode);
  // Where no tool finds anything to quantize there is nothing to compare.
  const fields = Object.values(models).filter(({ runs, bytes }) =>
    names.some((name) => runs[name]?.loads && !gainsNothing(runs[name], bytes)),
  );
  const median = middleOf(fields, names);
  return names.map((name) => {
    const compared = fields.filter(({ runs }) => runs[name]);
    const count = (test) =>
      compared.filter(({ runs, bytes }) => {
        const others = names.filter((other) => other !== name && runs[other]).map((other) => runs[other]);
        return test(runs[name], others, bytes);
      }).length;
    return {
      name: name.replace(` ${mode}-`, ', ').replace(` ${mode}`, ''),
      models: compared.length,
      good: count((run, _, bytes) => succeeds(run, bytes)),
      first: count((run, others, bytes) => succeeds(run, bytes) && !others.some((other) => isBetter(other, run, bytes))),
      last: count((run, others, bytes) => others.length > 0 && others.every((other) => isBetter(other, run, bytes))),
      ...median(name, tools[name.split(' ')[0]].idle),
    };
  });
}

const kindOf = (name) => name.split(' ')[1].split('-')[0];

/** Whether a tool has written a model that is neither smaller nor faster, such as the one that it was given. */
export function gainsNothing({ bytes, interval }, original) {
  return bytes >= original && !(interval?.[1] < 1);
}

function isSound(run) {
  const { loads, accuracy, worst } = run;
  return loads && (accuracy ? accuracy.after - accuracy.before >= SOUND.change : worst.decibels >= SOUND.decibels);
}

function succeeds(run, original) {
  return Boolean(run) && isSound(run) && !gainsNothing(run, original);
}

/** Whether a result is better than another beyond their intervals; where only one succeeds, that. */
function isBetter(one, other, original) {
  if (succeeds(one, original) !== succeeds(other, original)) return succeeds(one, original);
  if (!succeeds(one, original)) return false;
  if (one.accuracy) {
    const gap = one.accuracy.after - other.accuracy.after;
    return gap > TIE.change && one.accuracy.change[0] > other.accuracy.change[1];
  }
  return one.worst.decibels - other.worst.decibels > TIE.decibels && one.worst.interval[0] > other.worst.interval[1];
}

/** Medians over the models on which every variant succeeded that succeeds on at least half of them. */
function middleOf(fields, names) {
  const steady = names.filter((name) => 2 * fields.filter(({ runs, bytes }) => succeeds(runs[name], bytes)).length >= fields.length);
  const shared = fields.filter(({ runs, bytes }) => steady.every((name) => succeeds(runs[name], bytes)));
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
