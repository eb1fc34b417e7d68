import { whereWeightsAre } from '../../compression/quantization/index.js';
import type { Model } from '../../onnx/index.js';
import { isQuantized } from '../../ops/index.js';
import type { PairedTime } from './time.js';

/** A file that is not at least this much smaller has gained nothing, as a share. */
const LEAST_GAIN = 0.01;

/** Why a new model is not faster, as a sentence without its full stop; undefined where it is, beyond what chance may do. */
export function notFaster(time: PairedTime | string | undefined): string | undefined {
  if (time === undefined) return 'whether it is faster is not known: there is nothing to time it beside';
  if (typeof time === 'string') return `whether it is faster is not known: ${time.replace(/\.$/, '')}`;
  if (time.verdict === 'faster') return undefined;
  const [low, high] = time.interval;
  return `it is not faster: ${time.ratio.toFixed(2)} times as long as before (95% interval ${low.toFixed(2)} to ${high.toFixed(2)})`;
}

/** Why a new model does not keep a time, in milliseconds, as a sentence without its full stop; undefined where it may, by what chance may do. */
export function notWithin(time: PairedTime | string | undefined, most: number): string | undefined {
  if (time === undefined) return 'whether it keeps the time is not known: there is nothing to time it beside';
  if (typeof time === 'string') return `whether it keeps the time is not known: ${time.replace(/\.$/, '')}`;
  if (time.before * time.interval[0] <= most) return undefined;
  return `it takes ${time.after.toPrecision(3)} ms, and ${most} ms is the limit`;
}

/** Bytes that notes of how a model was made may take. */
const NOTES = 4096;

/** What a technique promises of the file: that it is smaller, or at least no larger. */
export type Gain = 'smaller' | 'no larger';

/** Why a new model gains nothing of what was asked for, as a sentence without its full stop; undefined where it does, or is faster. */
export function noGain(
  bytes: { before: number; after: number },
  time: PairedTime | string | undefined,
  before: Model,
  gain: Gain,
): string | undefined {
  const bound = gain === 'smaller' ? (1 - LEAST_GAIN) * bytes.before : (1 + LEAST_GAIN) * bytes.before + NOTES;
  if (bytes.after < bound) return undefined;
  if (typeof time === 'object' && time.verdict === 'faster') return undefined;
  const ratio = (bytes.after / bytes.before).toFixed(2);
  if (gain === 'no larger' && isQuantized(before))
    return `the file is ${ratio} times as large: the integers of the model became floats; with quantize as the last step of one recipe they become integers again`;
  return `it gains nothing: the file is ${ratio} times as large${typeof time === 'object' ? ` and ${time.verdict}` : ''}; ${whereWeightsAre(before)}`;
}
