/** Rounds of coordinate descent; each is a handful of multiplications. */
const ROUNDS = 2000;

/**
 * Coefficients, none below zero, with which sums of amounts come closest to what was measured, by squares of relative errors: coordinate descent on the
 * normal equations of rows that were divided by what was measured. Amounts that are zero throughout get 0.
 * @param rows amounts of each measurement.
 * @param measured positive numbers.
 */
export function relativeFit(rows: readonly (readonly number[])[], measured: readonly number[]): number[] {
  const divided = rows.map((row, index) => row.map((amount) => amount / measured[index]));
  const places = Array.from(rows[0] ?? [], (_, place) => place);
  // Columns are scaled to length 1: amounts differ by powers of ten.
  const scales = places.map((i) => Math.hypot(...divided.map((row) => row[i])));
  const dot = (i: number, j: number) => divided.reduce((sum, row) => sum + row[i] * row[j], 0) / ((scales[i] || 1) * (scales[j] || 1));
  const gram = places.map((i) => places.map((j) => dot(i, j)));
  const goal = places.map((i) => divided.reduce((sum, row) => sum + row[i], 0) / (scales[i] || 1));
  const found = new Array<number>(places.length).fill(0);
  for (let round = 0; round < ROUNDS; round++) {
    for (const i of places) {
      if (scales[i] === 0) continue;
      const rest = places.reduce((left, j) => (j === i ? left : left - gram[i][j] * found[j]), goal[i]);
      found[i] = Math.max(0, rest / gram[i][i]);
    }
  }
  return places.map((i) => (scales[i] === 0 ? 0 : found[i] / scales[i]));
}
