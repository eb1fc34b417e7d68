import { sizeOf } from '../../../base/index.js';
import type { Node, Tensor } from '../../../onnx/index.js';
import { range } from '../layout.js';
import type { ReadContext } from '../reading/context.js';
import type { WriteContext } from '../writing/context.js';
import { isConstant } from '../writing/values.js';
import { biasOf, weightOf } from './convolution.js';
import type { Family } from './entry.js';
import { forFlattened } from './flatten.js';
import { writeBias, writeWeight } from './weights.js';

function readFullyConnected(context: ReadContext): void {
  const options = context.options('FullyConnectedOptions');
  if (options.weightsFormat !== 0) context.refuse('its weights are shuffled');
  if (context.rank(1) !== 2) context.fail('The weight is no matrix', 'rank 2', `${context.rank(1)}`);
  const [outputs, inputs] = context.info(1).shape ?? [];
  if (!(inputs > 0 && outputs > 0)) context.fail('The weight is empty');
  const { build } = context;
  const rank = context.rank(0);
  const bias = biasOf(context, 2, context.info(0), context.info(1));
  const { activation } = options;
  const last = context.info(0).shape?.[rank - 1];
  if (rank > 2 && options.keepDims && last === inputs) {
    const product = context.op('MatMul', [context.real(0), weightOf(context, 1, [1, 0])]);
    context.output(bias ? build.op('Add', [product, bias]) : product, 'own', { activation });
    return;
  }
  const data = context.real(0);
  const rows = rank === 2 && last === inputs ? data : build.op('Reshape', [data, build.ints([-1, inputs])]);
  context.output(context.op('Gemm', [rows, weightOf(context, 1, [0, 1]), bias], { transB: 1 }), 'own', { activation });
}

function readBatched(context: ReadContext): void {
  const { adjointX, adjointY } = context.options('BatchMatMulOptions');
  const [x, y] = [0, 1].map((index) => {
    const rank = context.rank(index);
    if (rank < 2) context.fail('A factor is no matrix', 'rank 2 or more', `${rank}`);
    if (!(index === 0 ? adjointX : adjointY)) return context.real(index);
    return context.build.op('Transpose', [context.real(index)], { perm: [...range(rank - 2), rank - 1, rank - 2] });
  });
  context.output(context.op('MatMul', [x, y]));
}

/** Rows times a constant matrix, whose rows are made the outputs. */
function writeFullyConnected(w: WriteContext, transposed: boolean, bias: number | undefined, keepDims = false): void {
  const weight = w.value(1).shape as readonly number[];
  const outputs = weight[transposed ? 0 : 1];
  const channels = w.writer.flatOf(w.value(0));
  const arrange = channels === undefined ? undefined : (matrix: Tensor) => forFlattened(matrix, transposed ? 1 : 0, channels);
  const inputs = [w.input(0), writeWeight(w, 1, transposed ? [0, 1] : [1, 0], arrange)];
  if (bias !== undefined) inputs.push(writeBias(w, bias, outputs, 1));
  const version = w.isInteger ? 4 : keepDims ? 5 : 1;
  w.emit('FULLY_CONNECTED', inputs, {
    options: { name: 'FullyConnectedOptions', values: { activation: w.activation, keepDims } },
    version,
  });
}

function writeGemm(w: WriteContext, node: Node): void {
  if (node.float('alpha', 1) !== 1 || node.float('beta', 1) !== 1 || node.int('transA', 0) !== 0)
    w.refuse('it multiplies by alpha or beta, or transposes its data');
  const bias = w.has(2) ? w.value(2).shape : undefined;
  if (bias && sizeOf(bias as number[]) !== (bias.at(-1) ?? 1)) w.refuse('its bias is a matrix');
  writeFullyConnected(w, node.int('transB', 0) !== 0, w.has(2) ? 2 : undefined);
}

function writeMatMul(w: WriteContext): void {
  if (isConstant(w.value(1)) && w.rank(1) === 2) {
    writeFullyConnected(w, false, undefined, w.rank(0) > 2);
    return;
  }
  if (w.rank(0) < 2 || w.rank(1) < 2) w.refuse('a factor is a vector');
  w.emit('BATCH_MATMUL', [w.input(0), w.input(1)], { options: { name: 'BatchMatMulOptions', values: {} }, version: w.isInteger ? 2 : 1 });
}

/** Products of matrices. */
export const products: Family = {
  FULLY_CONNECTED: {
    version: 14,
    read: readFullyConnected,
    write: { Gemm: { integer: 'free', weights: [1, 2], fuses: true, write: writeGemm } },
  },
  BATCH_MATMUL: {
    version: 5,
    read: readBatched,
    write: { MatMul: { integer: 'free', weights: [1], fuses: false, write: writeMatMul } },
  },
};
