import type { Numbers } from '../answers.js';

/** What the errors of one column sum up to. */
export interface ColumnErrors {
  /** Mean squared error. */
  squared: number;
  /** Mean absolute error. */
  absolute: number;
  /** Mean squared deviation of the targets from their mean. */
  variance: number;
}

/** The errors of each column; NaN predictions make NaN errors. */
export function columnErrors({ size, columns, data }: Numbers, targets: Float32Array): ColumnErrors[] {
  const width = columns.length;
  return columns.map((_, column) => {
    let [mean, squared, absolute, variance] = [0, 0, 0, 0];
    for (let i = column; i < data.length; i += width) mean += targets[i] / size;
    // The mean of equal numbers is that number, whatever rounding makes of their sum.
    if (isConstant(targets, column, width)) mean = targets[column];
    for (let i = column; i < data.length; i += width) {
      const error = data[i] - targets[i];
      squared += error * error;
      absolute += Math.abs(error);
      variance += (targets[i] - mean) ** 2;
    }
    return { squared: squared / size, absolute: absolute / size, variance: variance / size };
  });
}

function isConstant(targets: Float32Array, column: number, width: number): boolean {
  for (let i = column; i < targets.length; i += width) if (targets[i] !== targets[column]) return false;
  return true;
}

/** The column's R²; of a constant column 1 where it is met exactly, else 0, as scikit-learn has it. */
export function r2Of({ squared, variance }: ColumnErrors): number {
  if (Number.isNaN(squared)) return Number.NaN;
  return variance > 0 ? 1 - squared / variance : Number(squared === 0);
}
