// Folds of a cross-validation, as bench/baselines.py makes them, and what two models' scores on the same folds say.

/** Numbers by MINSTD, as the baselines draw them. */
function generator(seed) {
  let x = seed;
  return () => {
    x = (48271 * x) % 2147483647;
    return x;
  };
}

/** The fold of each row: class by class (all rows at once without labels) shuffled, dealt in turn. */
export function foldsOf(size, labels, repeat, folds = 5) {
  const next = generator(repeat + 1);
  const classes = labels ? [...new Set(labels)].sort((a, b) => a - b) : [0];
  const order = classes.flatMap((label) => {
    const rows = Array.from({ length: size }, (_, i) => i).filter((i) => !labels || labels[i] === label);
    for (let k = rows.length - 1; k > 0; k--) {
      const other = next() % (k + 1);
      [rows[k], rows[other]] = [rows[other], rows[k]];
    }
    return rows;
  });
  const fold = new Array(size);
  order.forEach((row, place) => {
    fold[row] = place % folds;
  });
  return fold;
}

/** 97.5% quantiles of Student's t. */
const T = { 9: 2.262, 24: 2.064 };

/**
 * Mean difference of paired scores with its 95% interval. The folds of repeated cross-validations share their training samples: the variance is corrected
 * for that (Nadeau and Bengio 2003).
 */
export function pairedDifference(ours, theirs, testShare) {
  const differences = ours.map((score, i) => score - theirs[i]);
  const n = differences.length;
  const mean = differences.reduce((sum, each) => sum + each, 0) / n;
  const variance = differences.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (n - 1);
  const half = T[n - 1] * Math.sqrt(variance * (1 / n + testShare / (1 - testShare)));
  return { mean, low: mean - half, high: mean + half };
}
