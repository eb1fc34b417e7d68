import { lookup } from '../../base/index.js';
import { wilsonInterval } from '../../metrics/index.js';
import { isFloat, type Model, type Value } from '../../onnx/index.js';
import { isLabel } from '../../training/index.js';
import { type OutputNoise, QUIET } from './noise.js';
import type { Proof } from './prove.js';

/** An output below this does not follow the original, in dB of the whole output's SQNR. */
export const LEAST_SQNR = 10;
/** On made-up inputs an output may be this much worse, in dB, than the original itself with a little noise in its inputs. */
const SLACK = 3;
/** Share of the answers that must be the original's where a model gives nothing but answers, and how much less may be on made-up inputs than the original's own. */
export const LEAST_SAME = 0.9;
const SAME_SLACK = 0.1;

/**
 * The outputs that do not follow the original's, as sentences without their full stop; nothing where all do.
 * @param settled outputs that something else judges, such as a metric: of these only what is broken counts.
 */
export function noiseFaults(proof: Proof, before: Model, settled: readonly string[] = []): string[] {
  return proof.outputs.flatMap((noise) => {
    if (settled.includes(noise.output) && noise.sqnr !== Number.NEGATIVE_INFINITY) return [];
    const fault = noiseFault(noise, before, proof);
    return fault === undefined ? [] : [fault];
  });
}

function noiseFault(noise: OutputNoise, before: Model, proof: Proof): string | undefined {
  const { output, sqnr, remark } = noise;
  if (sqnr === Number.NEGATIVE_INFINITY) return `of output "${output}" ${remark}`;
  if (sqnr === undefined && noise.isOtherShape) return isFixed(before, output) ? `of output "${output}" ${remark}` : undefined;
  if (sqnr === undefined) return answerFault(noise, before, proof);
  if (noise.isQuiet && proof.inputs === 'made-up') return undefined;
  const own = lookup(proof.own ?? {}, output);
  const bound = own === undefined ? LEAST_SQNR : Math.min(LEAST_SQNR, own - SLACK);
  if (sqnr >= bound) return undefined;
  return `output "${output}" has ${sqnr.toFixed(1)} dB SQNR to the original on ${inputsOf(proof)}, and ${LEAST_SQNR} dB is the bound`;
}

/** Beside floats nothing more is asked of answers, which follow from them. Few that are others may be chance. */
function answerFault({ output, same, numbers = 0, asQuantity = 0 }: OutputNoise, before: Model, proof: Proof): string | undefined {
  if (same === undefined || proof.outputs.some(({ sqnr }) => sqnr !== undefined)) return undefined;
  const [, most] = wilsonInterval(same * numbers, numbers);
  const bound = Math.min(LEAST_SAME, (lookup(proof.ownSame ?? {}, output) ?? 1) - SAME_SLACK);
  if (most >= bound || (asQuantity >= LEAST_SQNR && !holdsAnswers(before, output))) return undefined;
  return `of output "${output}" ${percent(same)} are the same as the original's on ${inputsOf(proof)}, and ${percent(LEAST_SAME)} is the bound`;
}

/** Whether an output holds classes, truths or texts; of other whole numbers, levels of grey say, near ones are as good. */
function holdsAnswers({ graph }: Model, name: string): boolean {
  const output = graph.outputs.find((each) => each.name === name);
  return output !== undefined && (isLabel(output) || isAnswer(output));
}

const CHOOSING = new Set(['ArgMax', 'ArgMin']);

function isAnswer(output: Value): boolean {
  for (let value: Value | undefined = output; value && !isFloat(value.dtype); [value] = value.producer?.inputs ?? [])
    if (value.dtype === 'bool' || value.dtype === 'string' || CHOOSING.has(value.producer?.op ?? '')) return true;
  return false;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}

/** Whether only the batch is open: other shapes may depend on the numbers. */
function isFixed({ graph }: Model, name: string): boolean {
  const shape = graph.outputs.find((output) => output.name === name)?.shape;
  return shape?.slice(1).every((dim) => typeof dim === 'number') ?? false;
}

/** Why outputs below the bound are no fault, as sentences; nothing where none is below it. */
export function excuses(proof: Proof): string[] {
  return proof.outputs.flatMap(({ output, sqnr = LEAST_SQNR, isQuiet }) => {
    if (sqnr >= LEAST_SQNR || proof.inputs !== 'made-up') return [];
    const own = lookup(proof.own ?? {}, output);
    const has = `Output "${output}" has ${sqnr.toFixed(1)} dB SQNR on ${inputsOf(proof)}, which does not count`;
    if (isQuiet) return [`${has}: it stays below ${QUIET}, in the original as well, so nothing that it answers to is among them.`];
    if (own === undefined || sqnr < own - SLACK) return [];
    return [`${has}: the original has ${own.toFixed(1)} dB itself where 1% of noise is added to its inputs.`];
  });
}

/** The outputs that are judged, the worst first; all where none is. */
export function judgedOutputs({ outputs, inputs }: Proof): readonly OutputNoise[] {
  const judged = outputs.filter(({ isQuiet }) => !(isQuiet && inputs === 'made-up'));
  return judged.length > 0 ? judged : outputs;
}

/** "8 made-up inputs" or "4 batches of samples". */
export function inputsOf({ inputs, runs, samples }: Pick<Proof, 'inputs' | 'runs' | 'samples'>): string {
  const count = inputs === 'samples' ? samples : runs;
  return `${count} ${inputs === 'samples' ? 'sample' : 'made-up input'}${count === 1 ? '' : 's'}`;
}

/** "31.2 dB SQNR", "identical", "99.0% the same". */
export function noiseText({ sqnr, same, remark }: OutputNoise): string {
  if (sqnr === Number.POSITIVE_INFINITY) return 'identical';
  if (sqnr !== undefined) return Number.isFinite(sqnr) ? `${sqnr.toFixed(1)} dB SQNR` : 'broken';
  return same === undefined ? (remark ?? 'unknown') : `${percent(same)} the same`;
}
