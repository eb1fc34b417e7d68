import type { Point, SpaceDefinition } from 'espalier/automation';

/** Test functions of the field whose optima are known. */
export interface TestFunction {
  space: SpaceDefinition;
  of(point: Point): number[];
}

const unit = (count: number): SpaceDefinition =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`x${i}`, { type: 'float', low: 0, high: 1 }]));

function coordinates(point: Point): number[] {
  return Object.keys(point)
    .sort()
    .map((name) => point[name] as number);
}

/** Minimum 0.397887 at (-π, 12.275), (π, 2.275) and (9.42478, 2.475). */
export const branin: TestFunction = {
  space: { x: { type: 'float', low: -5, high: 10 }, y: { type: 'float', low: 0, high: 15 } },
  of: ({ x, y }) => {
    const [a, b] = [x as number, y as number];
    const valley = b - (5.1 / (4 * Math.PI ** 2)) * a * a + (5 / Math.PI) * a - 6;
    return [valley ** 2 + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(a) + 10];
  },
};

const alpha = [1, 1.2, 3, 3.2];
const widths = [
  [10, 3, 17, 3.5, 1.7, 8],
  [0.05, 10, 17, 0.1, 8, 14],
  [3, 3.5, 1.7, 10, 17, 8],
  [17, 8, 0.05, 10, 0.1, 14],
];
const centers = [
  [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
  [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
  [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.665],
  [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
];

/** Minimum -3.32237. */
export const hartmann6: TestFunction = {
  space: unit(6),
  of: (point) => {
    const x = coordinates(point);
    const wells = alpha.map(
      (depth, i) => depth * Math.exp(-x.reduce((sum, value, j) => sum + widths[i][j] * (value - centers[i][j]) ** 2, 0)),
    );
    return [-wells.reduce((sum, well) => sum + well, 0)];
  },
};

/** As a study of techniques has it: a choice, shared parameters, and others that only some choices have. Minimum 0, at technique "a". */
export const mixed: TestFunction = {
  space: {
    technique: { type: 'categorical', choices: ['a', 'b', 'c', 'd'] },
    rate: { type: 'float', low: 1e-5, high: 1, log: true },
    width: { type: 'integer', low: 1, high: 64, log: true, when: { technique: ['a', 'b'] } },
    share: { type: 'float', low: 0, high: 1, when: { technique: 'c' } },
    rank: { type: 'integer', low: 0, high: 20, when: { technique: 'a' } },
  },
  of: ({ technique, rate, width, share, rank }) => {
    let value = (Math.log10(rate as number) + 2.5) ** 2 + { a: 0, b: 0.5, c: 1, d: 2 }[technique as 'a']!;
    if (width !== undefined) value += (Math.log2(width as number) - 4) ** 2 / 4;
    if (share !== undefined) value += share as number;
    if (rank !== undefined) value += ((rank as number) - 7) ** 2 / 25;
    return [value];
  },
};

/** Two objectives; the front is f2 = 1 - √f1 (Zitzler, Deb and Thiele 2000), here with six variables. */
export const zdt1: TestFunction = {
  space: unit(6),
  of: (point) => {
    const [first, ...rest] = coordinates(point);
    const g = 1 + (9 * rest.reduce((sum, value) => sum + value, 0)) / rest.length;
    return [first, g * (1 - Math.sqrt(first / g))];
  },
};
