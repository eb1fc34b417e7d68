import { EspalierError, formatBytes, formatCount } from '../../base/index.js';
import { type Footprint, footprint } from '../../infrastructure/hardware/index.js';
import { notedSplit, noteSplit, noteTask } from '../../modalities/index.js';
import type { Model } from '../../onnx/index.js';
import type { TechniqueResult } from '../../technique/index.js';
import { batchSizeOf, inputShapes as shapesOf, type Task, type Trials } from '../../training/index.js';
import type { CommandContext } from '../context.js';
import { clipped } from '../output.js';
import { changedQuality, row, unmeasured } from '../quality.js';
import { bytesOf, leadingLines, proofLines, type Shipment, ship, shippedFacts } from '../shipping/index.js';

export interface Compressed extends Pick<Shipment, 'options' | 'mustGain' | 'maxLatency' | 'advice' | 'clear' | 'out'> {
  context: CommandContext;
  /** Absent where no data was given: quality is then not measured, and that is said. */
  task?: Task;
  /** The model before, and its file. */
  model: Model;
  path: string;
}

/** Writes what a technique made of a model, and prints what that did: quality on the test part, footprint and time, before and after. What got worse is said first. */
export async function writeCompressed({ model: made, notes: first, feeds, mended }: TechniqueResult, given: Compressed): Promise<void> {
  const { context, task, model, path, out, options } = given;
  const { output } = context;
  const taskNow = task && feeds ? { ...task, feeds } : task;
  if (taskNow && feeds) noteTask(made, taskNow);
  const split = notedSplit(model);
  if (split) noteSplit(made, split);
  const original = { model, path, task };
  const shapes = (each: Model, own = task) => (own ? shapesOf(own, batchSizeOf(each, own, 1)) : options.shape);
  // Beforehand, because the new file may take the place of this one.
  const before = costOf(model, bytesOf(original), await shapes(model));
  let notes = first;
  const mend =
    mended &&
    (async (trials: Trials) => {
      const better = await mended(trials);
      if (better) notes = better.notes;
      return better?.model;
    });
  const shipped = await ship({ ...given, model: made, task: taskNow, original, mend });
  const { quality, bytes, model: written } = shipped;
  if (task && quality.before) await context.warnOf(quality.before, task, 'The original');
  if (task && quality.after) await context.warnOf(quality.after, task, 'The new model');
  const cost = { before, after: costOf(written, bytes, await shapes(written, taskNow)) };
  const lines = [
    ...leadingLines(shipped),
    ...(task ? changedQuality(quality.before, quality.after, task) : unmeasured(shipped.proof?.quality)),
    ...proofLines(shipped),
    row('file', formatBytes(cost.before.bytes), formatBytes(bytes), ratio(cost.before.bytes, bytes)),
    row('weights', weights(cost.before), weights(cost.after), ratio(cost.before.weightBytes, cost.after.weightBytes)),
    row('MACs', millions(cost.before), millions(cost.after), ratio(cost.before.macs, cost.after.macs)),
    ...new Set((notes.remarks ?? []).map(clipped)),
    `Wrote ${out}`,
  ];
  const summary = ({ bytes, weightBytes, macs, parameters }: Cost) => ({ bytes, weightBytes, macs, parameters });
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

/** What a model costs; only its file where its graph cannot be counted: that is known too late to be a reason not to write it. */
type Cost = Pick<Footprint, 'bytes' | 'gaps'> & Partial<Pick<Footprint, 'weightBytes' | 'macs' | 'parameters'>>;

function costOf(model: Model, bytes: number, inputShapes: Readonly<Record<string, readonly number[]>> | undefined): Cost {
  try {
    return footprint(model, { bytes, inputShapes });
  } catch (error) {
    if (error instanceof EspalierError) return { bytes, gaps: [] };
    throw error;
  }
}

function ratio(before: number | undefined, after: number | undefined): string {
  if (!after || !before) return '';
  if (Math.abs(before / after - 1) < 0.005) return 'the same';
  return before > after ? `${(before / after).toFixed(2)}x smaller` : `${(after / before).toFixed(2)}x larger`;
}

function weights({ weightBytes }: Cost): string {
  return weightBytes === undefined ? 'not known' : formatBytes(weightBytes);
}

function millions({ macs, gaps }: Cost): string {
  return macs === undefined || (macs === 0 && gaps.length > 0) ? 'not known' : formatCount(macs);
}
