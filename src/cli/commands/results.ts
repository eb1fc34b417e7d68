import { footprint } from '../../infrastructure/hardware/index.js';
import type { Model } from '../../onnx/index.js';
import type { TechniqueNotes } from '../../technique/index.js';
import { evaluate, type Task } from '../../training/index.js';
import type { CommandContext } from '../context.js';

export interface CompressionOutcome {
  context: CommandContext;
  /** Absent where no data was given: quality is then not measured, and that is said. */
  task?: Task;
  before: { model: Model; bytes: number };
  after: { model: Model; bytes: number; path: string };
  notes: TechniqueNotes;
  threads?: number;
}

/** Prints what a compression did: quality on the test part and footprint, before and after. What got worse is said first. */
export async function compression({ context, task, before, after, notes, threads }: CompressionOutcome): Promise<void> {
  const { runtime, activity, output } = context;
  const measure = (model: Model) => (task ? evaluate(model, task, runtime, { ...activity, split: 'test', threads }) : undefined);
  const quality = { before: await measure(before.model), after: await measure(after.model) };
  const cost = { before: footprint(before.model, { bytes: before.bytes }), after: footprint(after.model, { bytes: after.bytes }) };
  const lines: string[] = [];
  if (quality.before && quality.after) {
    const drop = 100 * (quality.before.value - quality.after.value);
    if (drop > 0.5) lines.push(`Loses ${drop.toFixed(2)} points of ${quality.after.metric}.`);
    lines.push(
      row(
        `test ${quality.after.metric}`,
        `${(100 * quality.before.value).toFixed(2)}%`,
        `${(100 * quality.after.value).toFixed(2)}%`,
        signed(-drop),
      ),
    );
  } else lines.push('Quality was not measured, because no data was given.');
  lines.push(row('file', size(before.bytes), size(after.bytes), ratio(before.bytes, after.bytes)));
  lines.push(
    row('weights', size(cost.before.weightBytes), size(cost.after.weightBytes), ratio(cost.before.weightBytes, cost.after.weightBytes)),
  );
  lines.push(row('MACs', millions(cost.before.macs), millions(cost.after.macs), ratio(cost.before.macs, cost.after.macs)));
  lines.push(...(notes.remarks ?? []), `Wrote ${after.path}`);
  const summary = ({ bytes, weightBytes, macs, parameters }: (typeof cost)['before']) => ({ bytes, weightBytes, macs, parameters });
  output.result(
    { model: after.path, quality, footprint: { before: summary(cost.before), after: summary(cost.after) }, notes },
    lines.join('\n'),
  );
}

function row(name: string, before: string, after: string, change: string): string {
  return `${name.padEnd(16)}${before.padStart(12)} -> ${after.padStart(10)}   ${change}`;
}

function ratio(before: number, after: number): string {
  return after === 0 || before === 0
    ? ''
    : before >= after
      ? `${(before / after).toFixed(2)}x smaller`
      : `${(after / before).toFixed(2)}x larger`;
}

function signed(points: number): string {
  return `${points >= 0 ? '+' : ''}${points.toFixed(2)} points`;
}

function size(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} KB` : `${(bytes / 1e6).toFixed(2)} MB`;
}

function millions(macs: number): string {
  return `${(macs / 1e6).toFixed(2)} M`;
}
