import { formatBytes, formatCount } from '../../base/index.js';
import { type Footprint, footprint } from '../../infrastructure/hardware/index.js';
import { notedSplit, noteSplit, noteTask } from '../../modalities/index.js';
import type { Model } from '../../onnx/index.js';
import type { TechniqueResult } from '../../technique/index.js';
import { batchSizeOf, inputShapes as shapesOf, type Task } from '../../training/index.js';
import type { CommandContext } from '../context.js';
import { clipped } from '../output.js';
import { changedQuality, row, unmeasured } from '../quality.js';
import { bytesOf, leadingLines, proofLines, type Shipment, ship, shippedFacts } from '../shipping/index.js';

export interface Compressed extends Pick<Shipment, 'options' | 'mustGain' | 'advice' | 'clear' | 'out'> {
  context: CommandContext;
  /** Absent where no data was given: quality is then not measured, and that is said. */
  task?: Task;
  /** The model before, and its file. */
  model: Model;
  path: string;
}

/** Writes what a technique made of a model, and prints what that did: quality on the test part, footprint and time, before and after. What got worse is said first. */
export async function writeCompressed({ model: made, notes, feeds }: TechniqueResult, given: Compressed): Promise<void> {
  const { context, task, model, path, out, options } = given;
  const { output } = context;
  const taskNow = task && feeds ? { ...task, feeds } : task;
  if (taskNow && feeds) noteTask(made, taskNow);
  const split = notedSplit(model);
  if (split) noteSplit(made, split);
  const original = { model, path, task };
  const shipped = await ship({ ...given, model: made, task: taskNow, original });
  const { quality, bytes, model: written } = shipped;
  if (task && quality.before) await context.warnOf(quality.before, task, 'The original');
  if (task && quality.after) await context.warnOf(quality.after, task, 'The new model');
  const shapes = (each: Model, own = task) => (own ? shapesOf(own, batchSizeOf(each, own, 1)) : options.shape);
  const cost = {
    before: footprint(model, { bytes: bytesOf(original), inputShapes: await shapes(model) }),
    after: footprint(written, { bytes, inputShapes: await shapes(written, taskNow) }),
  };
  const lines = [
    ...leadingLines(shipped),
    ...(task ? changedQuality(quality.before, quality.after, task) : unmeasured(shipped.proof?.quality)),
    ...proofLines(shipped),
    row('file', formatBytes(cost.before.bytes), formatBytes(bytes), ratio(cost.before.bytes, bytes)),
    row(
      'weights',
      formatBytes(cost.before.weightBytes),
      formatBytes(cost.after.weightBytes),
      ratio(cost.before.weightBytes, cost.after.weightBytes),
    ),
    row('MACs', millions(cost.before), millions(cost.after), ratio(cost.before.macs, cost.after.macs)),
    ...new Set((notes.remarks ?? []).map(clipped)),
    `Wrote ${out}`,
  ];
  const summary = ({ bytes, weightBytes, macs, parameters }: Footprint) => ({ bytes, weightBytes, macs, parameters });
  const madeUp = task ? undefined : shipped.proof?.quality;
  output.result(
    {
      model: out,
      quality,
      madeUp,
      footprint: { before: summary(cost.before), after: summary(cost.after) },
      ...shippedFacts(shipped),
      notes,
    },
    lines.join('\n'),
  );
}

function ratio(before: number, after: number): string {
  if (after === 0 || before === 0) return '';
  if (Math.abs(before / after - 1) < 0.005) return 'the same';
  return before > after ? `${(before / after).toFixed(2)}x smaller` : `${(after / before).toFixed(2)}x larger`;
}

function millions({ macs, gaps }: Footprint): string {
  return macs === 0 && gaps.length > 0 ? 'not known' : formatCount(macs);
}
