import type { ModelInfo, RunInfo } from '../../strategies/index.js';
import { formatMs } from './format.js';
import type { DeviceMeasureName, Measure } from './measure.js';

/** What a device took for models of a run. */
export interface DeviceTimes {
  /** As its owner calls it. */
  readonly name: string;
  /** By id: milliseconds of the quickest way whose answers agree, or that none does. */
  readonly times: ReadonlyMap<string, number | 'differs'>;
}

/** A run, and what devices found of its models. */
export interface ReportInfo extends RunInfo {
  readonly devices?: readonly DeviceTimes[];
}

/** Whether a measure is a device's. */
export function isOnDevice(name: string): name is DeviceMeasureName {
  return name.startsWith('on ');
}

/** A measure for each device: its time for a model. */
export function deviceMeasures({ devices = [] }: Pick<ReportInfo, 'devices'>): Measure[] {
  return devices.map(({ name, times }) => ({
    name: `on ${name}`,
    label: `On ${name}`,
    better: 'less',
    words: [`faster on ${name}`, `slower on ${name}`],
    format: formatMs,
    value: ({ id }: ModelInfo) => {
      const time = times.get(id);
      return time === 'differs' ? undefined : time;
    },
    missing: ({ id }: ModelInfo) => (times.get(id) === 'differs' ? 'differs' : undefined),
  }));
}
