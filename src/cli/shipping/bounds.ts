import { noiseFaults, type Proof } from '../../diagnosis/index.js';
import { type AnyMetric, isWithin, lossBetween, share } from '../../metrics/index.js';
import type { Model } from '../../onnx/index.js';
import type { Quality, Task } from '../../training/index.js';

/** A larger loss of the metric is refused, in its scale's units: points, hundredths or percent. */
const MOST_DROP = 5;

export interface Judged {
  before: Model;
  proof: Proof;
  task?: Task;
  quality: { before?: Quality; after?: Quality };
  /** As the user asked. */
  maxDrop?: number;
}

/** What is wrong with a new model, as sentences without their full stop; nothing where it keeps every bound. */
export function faultsOf({ before, proof, task, quality, maxDrop }: Judged): string[] {
  const drop = task && quality.before && quality.after && judgesDrop(task, maxDrop);
  // What the data's targets judge, or a limit that the user gave, is not judged twice: a model that was trained may well say the same in other numbers.
  const settled = task && (task.reference === undefined || maxDrop !== undefined) ? task.outputs : [];
  const [worst, ...others] = noiseFaults(proof, before, settled);
  return [
    ...(drop ? dropFault(task.metric, quality.before as Quality, quality.after as Quality, maxDrop) : []),
    ...(worst === undefined ? [] : [others.length > 0 ? `${worst} (and of ${others.length} other output(s) likewise)` : worst]),
  ];
}

/** Fidelity of the worst channel is the stricter of two measures of one thing: there whole outputs decide, unless the user asked by a limit. */
function judgesDrop({ reference, metric }: Task, maxDrop: number | undefined): boolean {
  return reference === undefined || metric.scale === share || maxDrop !== undefined;
}

function dropFault(metric: AnyMetric, before: Quality, after: Quality, maxDrop = MOST_DROP): string[] {
  const { scale, label } = metric;
  if (isWithin(metric, { before: before.value, after: after.value, samples: before.samples }, maxDrop / 100)) return [];
  const loss = 100 * lossBetween(metric, before.value, after.value);
  const values = `${scale.format(before.value)} to ${scale.format(after.value)}`;
  return [`it loses ${loss.toFixed(1)} ${scale.unit} of ${label} on the test part (${values}), and ${maxDrop} is the bound`];
}
