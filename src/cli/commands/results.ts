import { statSync } from 'node:fs';
import { type Footprint, footprint } from '../../infrastructure/hardware/index.js';
import { agreementScale, lossBetween, metricNamed, share } from '../../metrics/index.js';
import type { Model } from '../../onnx/index.js';
import { loadModel, saveModel } from '../../onnx/node/index.js';
import type { TechniqueResult } from '../../technique/index.js';
import { answersOf, batchSizeOf, hiddenChange, judge, type Quality, inputShapes as shapesOf, type Task } from '../../training/index.js';
import type { CommandContext } from '../context.js';
import { clipped } from '../output.js';
import { notePreprocess } from '../preprocess.js';

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
  if (taskNow && feeds) notePreprocess(made, taskNow);
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
  if (task && quality.before) context.warnOf(quality.before, task);
  const shapes = (each: Model, own = task) => own && shapesOf(own, batchSizeOf(each, own, 1));
  const cost = {
    before: footprint(model, { bytes: statSync(path).size, inputShapes: await shapes(model) }),
    after: footprint(written, { bytes, inputShapes: await shapes(written, taskNow) }),
  };
  const lines = [
    ...qualityLines(quality.before, quality.after, task),
    row('file', size(cost.before.bytes), size(bytes), ratio(cost.before.bytes, bytes)),
    row('weights', size(cost.before.weightBytes), size(cost.after.weightBytes), ratio(cost.before.weightBytes, cost.after.weightBytes)),
    row('MACs', millions(cost.before), millions(cost.after), ratio(cost.before.macs, cost.after.macs)),
    ...new Set((notes.remarks ?? []).map(clipped)),
    `Wrote ${out}`,
  ];
  const summary = ({ bytes, weightBytes, macs, parameters }: Footprint) => ({ bytes, weightBytes, macs, parameters });
  output.result({ model: out, quality, footprint: { before: summary(cost.before), after: summary(cost.after) }, notes }, lines.join('\n'));
}

function qualityLines(before: Quality | undefined, after: Quality | undefined, task: Task | undefined): string[] {
  if (!before || !after || !task) return ['Quality was not measured, because no data was given.'];
  const { label, scale } = task.metric;
  const loss = 100 * lossBetween(task.metric, before.value, after.value);
  const change = scale === share ? scale.formatChange(after.value - before.value, before.value, MANY) : undefined;
  return [
    ...(loss > 0.5 ? [`Loses ${loss.toFixed(2)} ${scale.unit} of ${label}.`] : []),
    row(`test ${label}`, qualityText(before), qualityText(after), change ? `${change} points` : `${signed(-loss)} ${scale.unit}`),
    ...(after.interval ? [`${''.padEnd(16)}${intervalText(after).trim()}`] : []),
    ...agreementLines(before, after, task),
  ];
}

function agreementLines(before: Quality, after: Quality, { metric }: Task): string[] {
  if (!after.agreement) return [];
  const hidden = hiddenChange(before, after, metric);
  const scale = agreementScale(after.agreement);
  const what = after.agreement.measure === 'share' ? 'same answers' : 'R² to original';
  return [row(what, '', scale.format(after.agreement.value, MANY), ''), ...(hidden ? [hidden.text] : [])];
}

function signed(value: number): string {
  return `${value >= 0 ? '+' : ''}${value.toFixed(2)}`;
}

/** Enough samples for two digits after the point. */
const MANY = 5000;

/** "97.89%", or "0.9876" for R². */
export function qualityText({ metric, value }: Quality): string {
  return metricNamed(metric).scale.format(value, MANY);
}

/** "  (95% interval 97.10% to 98.02%)", or nothing where there is none. */
export function intervalText({ metric, interval }: Quality): string {
  if (!interval) return '';
  const { format } = metricNamed(metric).scale;
  return `  (95% interval ${format(interval[0], MANY)} to ${format(interval[1], MANY)})`;
}

function row(name: string, before: string, after: string, change: string): string {
  return `${name.padEnd(16)}${before.padStart(12)} -> ${after.padStart(10)}   ${change}`.trimEnd();
}

function ratio(before: number, after: number): string {
  if (after === 0 || before === 0) return '';
  if (Math.abs(before / after - 1) < 0.005) return 'the same';
  return before > after ? `${(before / after).toFixed(2)}x smaller` : `${(after / before).toFixed(2)}x larger`;
}

function size(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} KB` : `${(bytes / 1e6).toFixed(2)} MB`;
}

function millions({ macs, gaps }: Footprint): string {
  return macs === 0 && gaps.length > 0 ? 'not known' : `${(macs / 1e6).toFixed(2)} M`;
}
