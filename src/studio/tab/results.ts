import { formatAgreement, formatQuality, metricName } from '../../report/info/index.js';
import type { Quality } from '../../training/index.js';

/** A model that was made of another one, beside it: plain JSON but for its bytes. */
export interface Made {
  /** Of its file, e.g. "model-int8.onnx". */
  name: string;
  file: Uint8Array<ArrayBuffer>;
  /** Bytes of both files. */
  before: number;
  after: number;
  /** What was measured of both, for people; the first is what models are compared by. */
  rows: QualityRow[];
  /** Where both were measured, e.g. "360 samples of the test part". */
  measuredOn: string;
  remarks: string[];
  /** Bytes of weights by layer, before and after: an SVG of its own. Absent where no layer has the same name in both. */
  picture?: string;
  /** Epochs, where it was trained. */
  curve?: CurvePoint[];
}

/** An epoch, as its curve shows it. */
export interface CurvePoint {
  epoch: number;
  loss: number;
  /** Of the validation part, in the metric's own units. */
  quality?: number;
}

export interface QualityRow {
  label: string;
  /** Absent where only the two together have a value, as an agreement. */
  before?: string;
  after: string;
}

/** What was measured of two models, side by side. */
export function qualityRows(before: Quality | undefined, after: Quality): QualityRow[] {
  const { metric, details, samples, agreement } = after;
  const others = Object.keys(details).filter((name) => name !== metric);
  const row = (name: string, own: number, original: number | undefined): QualityRow => ({
    label: metricName(name),
    ...(original !== undefined && { before: formatQuality(name, original, samples) }),
    after: formatQuality(name, own, samples),
  });
  return [
    row(metric, after.value, before?.value),
    ...(agreement ? [{ label: 'answers as the original', after: formatAgreement(agreement) }] : []),
    ...others.map((name) => row(name, details[name], before?.details[name])),
  ];
}

/** "digits.onnx" becomes "digits-int8.onnx". */
export function nameOfMade(name: string, suffix: string): string {
  return `${name.replace(/\.(onnx|tflite)$/i, '')}-${suffix}.onnx`;
}
