import { statSync } from 'node:fs';
import { formatBytes, formatCount } from '../../base/index.js';
import { fidelityOnMadeUpInputs } from '../../diagnosis/index.js';
import { type Footprint, footprint } from '../../infrastructure/hardware/index.js';
import { notedSplit, noteSplit, noteTask } from '../../modalities/index.js';
import type { Model } from '../../onnx/index.js';
import { loadModel, saveModel } from '../../onnx/node/index.js';
import type { TechniqueResult } from '../../technique/index.js';
import { answersOf, batchSizeOf, judge, inputShapes as shapesOf, type Task } from '../../training/index.js';
import type { CommandContext } from '../context.js';
import { clipped } from '../output.js';
import { changedQuality, row, unmeasured } from '../quality.js';

export interface Compressed {
  context: CommandContext;
  /** Absent where no data was given: quality is then not measured, and that is said. */
  task?: Task;
  /** The model before, and its file. */
  model: Model;
  path: string;
  /** Where the model that was made goes. */
  out: string;
  threads?: number;
  /** Forgets the checkpoints, once the file is there. */
  clear?: () => Promise<void>;
}

/** Writes what a technique made of a model, and prints what that did: quality on the test part and footprint, before and after. What got worse is said first. */
export async function writeCompressed({ model: made, notes, feeds }: TechniqueResult, given: Compressed): Promise<void> {
  const { context, task, model, path, out, threads, clear } = given;
  const { runtime, activity, output } = context;
  const taskNow = task && feeds ? { ...task, feeds } : task;
  if (taskNow && feeds) noteTask(made, taskNow);
  const split = notedSplit(model);
  if (split) noteSplit(made, split);
  const bytes = await saveModel(made, out);
  await clear?.();
  const written = loadModel(out);
  const answers = (model: Model, own = task) => (own ? answersOf(model, own, runtime, { ...activity, split: 'test', threads }) : undefined);
  const original = await answers(model);
  const candidate = await answers(written, taskNow);
  const quality = {
    before: task && original && judge(task, original),
    after: task && candidate && judge(task, candidate, original),
  };
  const madeUp = task
    ? undefined
    : await fidelityOnMadeUpInputs({ before: model, after: written, runtime, threads, signal: activity.signal });
  if (task && quality.before) await context.warnOf(quality.before, task, 'The original');
  if (task && quality.after) await context.warnOf(quality.after, task, 'The new model');
  const shapes = (each: Model, own = task) => own && shapesOf(own, batchSizeOf(each, own, 1));
  const cost = {
    before: footprint(model, { bytes: statSync(path).size, inputShapes: await shapes(model) }),
    after: footprint(written, { bytes, inputShapes: await shapes(written, taskNow) }),
  };
  const lines = [
    ...(task ? changedQuality(quality.before, quality.after, task) : unmeasured(madeUp)),
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
  output.result(
    { model: out, quality, madeUp, footprint: { before: summary(cost.before), after: summary(cost.after) }, notes },
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
