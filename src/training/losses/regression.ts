import { DataError } from '../../base/index.js';
import { type GraphBuilder, Tensor, type Value } from '../../onnx/index.js';
import { asRows, type LossBuilder, TARGETS, widthOf } from './loss.js';

/** How an error counts: squared, absolute, or squared up to one deviation and linear beyond it (Huber 1964). */
export type ErrorShape = 'mse' | 'mae' | 'huber';

/**
 * The mean over batch and columns of an error between predicted and wanted numbers, each column in units of its own deviation, so that columns of
 * large numbers do not outweigh the others.
 * @param outputs whose numbers, one after the other, are the columns.
 * @param deviations one for each column; above 0.
 */
export function regressionLoss(outputs: readonly string[], deviations: readonly number[], shape: ErrorShape = 'mse'): LossBuilder {
  return ({ build, value, feed, batchSize }) => {
    const parts = outputs.map((output) => asRows(build, value(output), batchSize));
    const predicted = parts.length === 1 ? parts[0] : build.op('Concat', parts, { axis: 1 });
    checkColumns(parts, deviations.length, outputs);
    const targets = feed(TARGETS, 'float32', [batchSize, deviations.length]);
    const scale = build.constant(
      Tensor.of(
        'float32',
        [1, deviations.length],
        Float32Array.from(deviations, (deviation) => 1 / deviation),
      ),
    );
    const errors = build.op('Mul', [build.op('Sub', [predicted, targets]), scale]);
    return build.op('ReduceMean', [shaped(build, errors, shape)], { keepdims: 0 });
  };
}

function shaped(build: GraphBuilder, errors: Value, shape: ErrorShape): Value {
  if (shape === 'mse') return build.op('Mul', [errors, errors]);
  const size = build.op('Abs', [errors]);
  if (shape === 'mae') return size;
  // x²/2 up to 1 and |x| - 1/2 beyond it are both c(|x| - c/2) with c = min(|x|, 1).
  const capped = build.op('Min', [size, build.scalar(1)]);
  return build.op('Mul', [capped, build.op('Sub', [size, build.op('Mul', [capped, build.scalar(0.5)])])]);
}

function checkColumns(parts: readonly Value[], wanted: number, outputs: readonly string[]): void {
  const got = parts.reduce((sum, part) => sum + widthOf(part), 0);
  if (got === wanted) return;
  throw new DataError({
    what: "The model's numbers do not fit the targets of the data",
    where: `output "${outputs.join('", "')}"`,
    expected: `${wanted} number(s) a sample`,
    got: String(got),
    fix: 'Use data with the targets that the model was made for.',
  });
}
