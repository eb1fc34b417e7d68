import { DataError, sameShape, UnsupportedError } from '../../base/index.js';
import type { Program, Runtime } from '../../infrastructure/runtime/index.js';
import type { Model, Tensor } from '../../onnx/index.js';
import { batchSizeOf, exposed, feedsOf, samplesFirst, type Task } from '../../training/index.js';

/** Largest difference that rounding explains, relative to the largest answer. */
const TOLERANCE = 1e-3;

/**
 * Along which axis of a model's outputs the samples lie, where some input has them elsewhere than first: found by running two samples alone and together.
 * Nothing for other models.
 * @throws UnsupportedError where two samples together are answered otherwise than each alone.
 */
export async function outputAxes(model: Model, task: Task, runtime: Runtime): Promise<Pick<Task, 'outputAxes'>> {
  if (task.feeds.every(({ axis = 0 }) => axis === 0)) return {};
  const seen = exposed(model, task);
  const program = await runtime.compile(seen, { threads: 1 });
  try {
    const axes = batchSizeOf(seen, task, 0) > 0 ? await singles(program, task) : await compared(program, task, model.source);
    const moved = [...axes].filter(([, axis]) => axis !== 0);
    return moved.length > 0 ? { outputAxes: Object.fromEntries(moved) } : {};
  } finally {
    await program.dispose();
  }
}

async function run(program: Program, task: Task, indices: readonly number[]): Promise<Record<string, Tensor>> {
  const batch = await task.splits.train.read(Int32Array.from(indices));
  return program.run(feedsOf(task.feeds, batch), task.outputs);
}

/** One sample at a time: the first axis of size 1 will do. */
async function singles(program: Program, task: Task): Promise<Map<string, number>> {
  const outputs = await run(program, task, [0]);
  return new Map(Object.entries(outputs).map(([name, { shape }]) => [name, Math.max(0, shape.indexOf(1))]));
}

async function compared(program: Program, task: Task, where: string | undefined): Promise<Map<string, number>> {
  const pair = task.splits.train.size > 1 ? [0, 1] : [0, 0];
  const together = await run(program, task, pair).catch((error: unknown) => {
    if (!(error instanceof DataError)) throw error;
    // Their settings differ.
    pair[1] = 0;
    return run(program, task, pair);
  });
  const alone = [await run(program, task, [pair[0]]), await run(program, task, [pair[1]])];
  return new Map(
    task.outputs.map((name) => {
      const axis = axisOf(
        together[name],
        alone.map((outputs) => outputs[name]),
      );
      if (axis !== undefined) return [name, axis];
      throw new UnsupportedError({
        what: 'Samples of one batch are not answered as each of them alone',
        where: where ? `${where}, output "${name}"` : `output "${name}"`,
        expected: `twice [${alone[0][name].shape}]`,
        got: `[${together[name].shape}]`,
        fix: 'Export the model with a symbolic dimension "batch" in every input and output.',
      });
    }),
  );
}

/** The axis along which two answers lie side by side. */
function axisOf(together: Tensor, [first, second]: readonly Tensor[]): number | undefined {
  const axes = first.shape.map((_, axis) => axis);
  return axes.find((axis) => {
    const expected = first.shape.with(axis, first.shape[axis] + second.shape[axis]);
    if (!sameShape(together.shape, expected)) return false;
    const numbers = [first, second].flatMap((tensor) => [...samplesFirst(tensor, axis).numbers()]);
    const scale = numbers.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
    return samplesFirst(together, axis)
      .numbers()
      .every((value, i) => Math.abs(value - numbers[i]) <= TOLERANCE * scale);
  });
}
