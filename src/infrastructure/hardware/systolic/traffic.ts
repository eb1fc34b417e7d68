import type { MatrixProduct } from '../../../ops/index.js';
import type { Dataflow, Mapping, Mesh } from './dataflow.js';

/** Numbers moved for data, weights and results. */
export interface Traffic {
  readonly inputs: number;
  readonly weights: number;
  readonly outputs: number;
}

/** Numbers that the two halves of each buffer hold; one half is filled while the array works from the other. */
export interface Buffers {
  readonly inputs: number;
  readonly weights: number;
  readonly outputs: number;
}

/** Numbers that the array reads from its buffers and writes to them, sums of parts of the depth included. */
export function sramTraffic(product: MatrixProduct, { rowFolds, columnFolds }: Mapping, dataflow: Dataflow): Traffic {
  const { count, rows, depth, columns } = product;
  const [inputs, weights, outputs] = {
    output: [columnFolds, rowFolds, 1],
    weight: [columnFolds, 1, rowFolds],
    input: [1, columnFolds, rowFolds],
  }[dataflow];
  return { inputs: count * rows * depth * inputs, weights: count * depth * columns * weights, outputs: count * rows * columns * outputs };
}

/**
 * Numbers that cross between the buffers and memory. The array works its way down before it moves across. What fits half of its buffer is read
 * once; what does not is read again whenever the array comes back to it. Overlapping windows are read once as long as the lines of data that they
 * share fit; where weights stay, windows come place by place, so that all data of one place must fit. Sums of parts of the depth stay in the buffer
 * of results where they fit, else they are written and read back.
 */
export function dramTraffic(product: MatrixProduct, mapping: Mapping, mesh: Mesh, dataflow: Dataflow, buffers: Buffers): Traffic {
  const { count, rows, depth, columns, window, reach } = product;
  const { rowFolds, columnFolds } = mapping;
  const fits = (numbers: number, buffer: keyof Buffers) => numbers <= buffers[buffer] / 2;
  const windowsShare = dataflow === 'weight' ? fits((rows * depth) / window, 'inputs') : fits(reach, 'inputs');
  const data = windowsShare ? Math.min(product.inputs, rows * depth) : rows * depth;
  const whole = fits(product.inputs, 'inputs');
  const inputs = whole ? product.inputs : data * (dataflow === 'input' ? 1 : columnFolds);
  const stays = { output: depth * Math.min(mesh.columns, columns), weight: 0, input: depth * columns }[dataflow];
  const again = { output: rowFolds, weight: 1, input: columnFolds }[dataflow];
  const weights = depth * columns * (fits(stays, 'weights') ? 1 : again);
  const sums = { output: 0, weight: rows * Math.min(mesh.columns, columns), input: columns * Math.min(mesh.columns, rows) }[dataflow];
  const outputs = rows * columns * (fits(sums, 'outputs') ? 1 : 2 * rowFolds - 1);
  return { inputs: count * inputs, weights: count * weights, outputs: count * outputs };
}
