import type { MatrixProduct } from '../../../ops/index.js';

/**
 * What stays in the cells of the array while the other two stream through it: sums (`output`), weights (`weight`) or data (`input`).
 * The names, and what is counted, are those of Samajdar et al., "A systematic methodology for characterizing scalability of DNN accelerators using
 * SCALE-Sim", ISPASS 2020.
 */
export const dataflows = ['output', 'weight', 'input'] as const;
export type Dataflow = (typeof dataflows)[number];

/** Cells of an array. */
export interface Mesh {
  readonly rows: number;
  readonly columns: number;
}

/** A product laid on an array: two of its sizes become rows and columns of cells, the third becomes time. */
export interface Mapping {
  /** How often the array is filled anew, down and across. */
  readonly rowFolds: number;
  readonly columnFolds: number;
  /** Cycles of one fold, and those of them in which numbers only come in or go out. */
  readonly foldCycles: number;
  readonly fillCycles: number;
}

/** How one product of a layer lies on an array. */
export function mapProduct({ rows, depth, columns }: MatrixProduct, mesh: Mesh, dataflow: Dataflow): Mapping {
  const [down, across, time] = {
    output: [rows, columns, depth],
    weight: [depth, columns, rows],
    input: [depth, rows, columns],
  }[dataflow];
  // Numbers come in along a diagonal: the last cell begins rows + columns − 2 cycles after the first. What is to stay is loaded row by row before;
  // sums that stayed leave during the same number of cycles in which the last ones are still computed and shifted out.
  const skew = mesh.rows + mesh.columns - 2;
  const fillCycles = dataflow === 'output' ? skew : skew + mesh.rows;
  return {
    rowFolds: Math.ceil(down / mesh.rows),
    columnFolds: Math.ceil(across / mesh.columns),
    foldCycles: time + fillCycles,
    fillCycles,
  };
}

/** Cycles of all products of a layer, one after another, where no number is ever late. */
export function computeCycles(product: MatrixProduct, { rowFolds, columnFolds, foldCycles }: Mapping): number {
  return product.count * rowFolds * columnFolds * foldCycles;
}
