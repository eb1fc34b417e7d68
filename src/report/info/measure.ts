import type { ModelInfo } from '../../strategies/index.js';

/** The name of a measure of a device; it has a space, and no other measure has. */
export type DeviceMeasureName = `on ${string}`;

/** Everything that a model can be compared by; names of axes and columns. */
export type MeasureName =
  | 'quality'
  | 'test'
  | 'bytes'
  | 'download'
  | 'macs'
  | 'latency'
  | 'memory'
  | 'parameters'
  | 'flash'
  | 'ram'
  | 'energy'
  | 'served-energy'
  | 'cost'
  | DeviceMeasureName;

export interface Measure {
  readonly name: MeasureName;
  /** For headings and axes, e.g. "File size". */
  readonly label: string;
  readonly better: 'more' | 'less';
  /** What a ratio above 1 and below 1 is called: "3.9x smaller", "1.2x larger". */
  readonly words: readonly [less: string, more: string];
  value(model: ModelInfo): number | undefined;
  format(value: number | undefined): string;
  /** Why a model has no value, in a word, where that is known. */
  missing?(model: ModelInfo): string | undefined;
}
