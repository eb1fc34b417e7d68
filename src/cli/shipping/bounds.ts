import type { OutputNoise, Proof } from '../../diagnosis/index.js';
import { type AnyMetric, isWithin, lossBetween, share } from '../../metrics/index.js';
import type { Model } from '../../onnx/index.js';
import type { Quality, Task } from '../../training/index.js';

/** An output below this is refused, in dB of the whole output's SQNR. */
export const LEAST_SQNR = 10;
/** A larger loss of the metric is refused, in its scale's units: points, hundredths or percent. */
export const MOST_DROP = 5;
/** On made-up inputs an output may be this much worse, in dB, than the original itself with a little noise in its inputs. */
const SLACK = 3;

export interface Judged {
  before: Model;
  proof: Proof;
  task?: Task;
  quality: { before?: Quality; after?: Quality };
  /** As the user asked. */
  maxDrop?: number;
}

/** What is wrong with a new model, as sentences without their full stop; nothing where it keeps every bound. */
export function faultsOf(judged: Judged): string[] {
  const { task, quality, maxDrop } = judged;
  const drop =
    task && quality.before && quality.after && judgesDrop(task, maxDrop)
      ? dropFault(task.metric, quality.before, quality.after, maxDrop)
      : [];
  return [...drop, ...noiseFaults(judged)];
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

function noiseFaults({ before, proof, task, maxDrop }: Judged): string[] {
  // What the data's targets judge, or a limit that the user gave, is not judged twice: a model that was trained may well say the same in other numbers.
  const settled = new Set(task && (task.reference === undefined || maxDrop !== undefined) ? task.outputs : []);
  const bad = proof.outputs.flatMap((noise) => {
    if (settled.has(noise.output) && noise.sqnr !== Number.NEGATIVE_INFINITY) return [];
    const fault = noiseFault(noise, before, proof);
    return fault === undefined ? [] : [fault];
  });
  return bad.length > 1 ? [`${bad[0]}, and ${bad.length - 1} other output(s) likewise`] : bad;
}

function noiseFault(noise: OutputNoise, before: Model, proof: Proof): string | undefined {
  const { output, sqnr, remark } = noise;
  if (sqnr === Number.NEGATIVE_INFINITY) return `of output "${output}" ${remark}`;
  if (sqnr === undefined) return remark && /shape/.test(remark) && isFixed(before, output) ? `of output "${output}" ${remark}` : undefined;
  const own = proof.own?.[output];
  const bound = own === undefined ? LEAST_SQNR : Math.min(LEAST_SQNR, own - SLACK);
  if (sqnr >= bound) return undefined;
  return `output "${output}" has ${sqnr.toFixed(1)} dB SQNR to the original on ${inputsOf(proof)}, and ${LEAST_SQNR} dB is the bound`;
}

/** Whether only the batch is open: other shapes may depend on the numbers. */
function isFixed({ graph }: Model, name: string): boolean {
  const shape = graph.outputs.find((output) => output.name === name)?.shape;
  return shape?.slice(1).every((dim) => typeof dim === 'number') ?? false;
}

/** "8 made-up inputs" or "16 samples". */
export function inputsOf({ inputs, runs }: Pick<Proof, 'inputs' | 'runs'>): string {
  return inputs === 'samples' ? `${runs} sample${runs === 1 ? '' : 's'}` : `${runs} made-up input${runs === 1 ? '' : 's'}`;
}
