import type { DeviceMeasurement } from '../../api/index.js';

/** What came of a model. */
export interface Result {
  run: string;
  model: string;
  label: string;
  /** What the run knows of it, in words. */
  about?: string;
  backends: DeviceMeasurement[];
}
