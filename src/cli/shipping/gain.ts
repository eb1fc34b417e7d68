import { whereWeightsAre } from '../../compression/quantization/index.js';
import type { Model } from '../../onnx/index.js';
import type { PairedTime } from './time.js';

/** A file that is not at least this much smaller has gained nothing, as a share. */
const LEAST_GAIN = 0.01;

/** Where smaller was what was asked for: why a new model gains nothing, as a sentence without its full stop; undefined where it is smaller or faster. */
export function noGain(bytes: { before: number; after: number }, time: PairedTime | string | undefined, before: Model): string | undefined {
  if (bytes.after < (1 - LEAST_GAIN) * bytes.before) return undefined;
  if (typeof time === 'object' && time.verdict === 'faster') return undefined;
  const ratio = (bytes.after / bytes.before).toFixed(2);
  return `it gains nothing: the file is ${ratio} times as large${typeof time === 'object' ? ` and ${time.verdict}` : ''}; ${whereWeightsAre(before)}`;
}
