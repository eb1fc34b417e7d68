import { layersWithinTime, type WithinTimeRequest } from '../../compression/quantization/node/index.js';
import { batchSizeOf, inputShapes } from '../../training/index.js';
import type { CommandContext } from '../context.js';
import { clipped } from '../output.js';

export interface InTimeRequest extends Pick<WithinTimeRequest, 'model' | 'task' | 'budget' | 'options' | 'threads'> {
  context: CommandContext;
}

/**
 * The layers that are to stay in float so that the model keeps a time and loses least, by name.
 * @throws OptionError where no choice keeps it.
 */
export async function floatForTime({ context, model, task, ...rest }: InTimeRequest): Promise<readonly string[]> {
  const { runtime, activity, output } = context;
  const shapes = await inputShapes(task, batchSizeOf(model, task, 1));
  const { float, before, after, exact, unknown } = await layersWithinTime({
    ...activity,
    ...rest,
    model,
    task,
    runtime,
    inputShapes: shapes,
  });
  output.clear();
  output.info(
    `${after.toPrecision(3)} ms instead of ${before.toPrecision(3)} ms; by the sum of the layers' own noise this choice ${exact ? 'loses least' : 'is near the one that loses least'}.`,
  );
  if (float.length > 0) output.info(clipped(`In float, because there is time for it: ${float.join(', ')}.`));
  if (unknown.length > 0) output.info(clipped(`Could not be timed alone, and are quantized: ${unknown.join(', ')}.`));
  return float;
}
