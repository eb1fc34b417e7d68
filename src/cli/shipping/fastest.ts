import { UnsupportedError } from '../../base/index.js';
import { slowerLayers, type TimedMode } from '../../compression/quantization/node/index.js';
import { inventedShapes, runnableInputs } from '../../diagnosis/index.js';
import type { Model } from '../../onnx/index.js';
import { batchSizeOf, inputShapes, type Task } from '../../training/index.js';
import type { CommandContext } from '../context.js';
import { clipped } from '../output.js';
import type { InventedOptions } from './options.js';

export interface FastestRequest {
  context: CommandContext;
  model: Model;
  task?: Task;
  mode: TimedMode;
  options: InventedOptions & { threads?: number };
}

/**
 * The layers that are to stay in float because they are no faster in integers here, by name.
 * @throws UnsupportedError where that is so of all of them.
 */
export async function slowInIntegers({ context, model, task, mode, options }: FastestRequest): Promise<readonly string[]> {
  const { runtime, activity, output } = context;
  const { threads, shape: shapes, batch } = options;
  const found = await slowerLayers({
    ...activity,
    model,
    runtime,
    mode,
    threads,
    inputShapes: task
      ? await inputShapes(task, batchSizeOf(model, task, 1))
      : inventedShapes(model, await runnableInputs(model, runtime, { shapes, batch, signal: activity.signal })),
  });
  output.clear();
  const { slower, faster, unknown, measured, table } = found;
  const all = slower.length + faster.length + unknown.length;
  if (faster.length + unknown.length === 0 && all > 0)
    throw new UnsupportedError({
      what: 'Nothing is written, because no layer is faster in integers on this machine',
      where: model.source,
      got: `${all} layer${all === 1 ? '' : 's'}, timed by their shapes (${table})`,
      fix: 'Leave --require-faster out for a smaller file, or quantize in another way.',
    });
  output.info(
    `${faster.length} of ${all} layers are faster in integers here; ${measured} shapes were timed now, all are kept in ${table}.`,
  );
  if (slower.length > 0) output.info(clipped(`In float, because they are no slower so: ${slower.join(', ')}.`));
  if (unknown.length > 0) output.info(clipped(`Could not be timed alone, and are quantized: ${unknown.join(', ')}.`));
  return slower;
}
