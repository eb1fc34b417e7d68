import type { ModelInfo } from '../../strategies/index.js';
import { deviceMeasures, type ReportInfo } from './devices.js';
import {
  finite,
  formatBytes,
  formatCount,
  formatEnergy,
  formatMs,
  formatQuality,
  isMoreBetter,
  metricName,
  NOTHING,
  significant,
} from './format.js';
import type { Measure, MeasureName } from './measure.js';
import { bestServing } from './serving.js';

/** The measures of a run, in the order of menus: quality first. `samples` decides the digits of quality. */
export function measures({ task, devices }: Pick<ReportInfo, 'task' | 'devices'>): Measure[] {
  const quality = metricName(task.metric);
  const name = quality[0].toUpperCase() + quality.slice(1);
  const better = isMoreBetter(task.metric) ? 'more' : 'less';
  const footprint = costMeasures();
  return [
    {
      name: 'quality',
      label: `${name} (validation)`,
      better,
      words: ['lower', 'higher'],
      value: (model) => finite(model.validation.value),
      format: (value) => formatQuality(task.metric, value, task.samples.validation),
    },
    {
      name: 'test',
      label: `${name} (test)`,
      better,
      words: ['lower', 'higher'],
      value: (model) => finite(model.test?.value),
      format: (value) => formatQuality(task.metric, value, task.samples.test),
    },
    ...footprint,
    ...deviceMeasures({ devices }),
  ];
}

/** What a model costs: less is better in all of them. */
export function costMeasures(): Measure[] {
  const cost = (
    name: MeasureName,
    label: string,
    words: Measure['words'],
    format: Measure['format'],
    value: (model: ModelInfo) => number | undefined,
  ): Measure => ({ name, label, better: 'less', words, format, value: (model) => finite(value(model)) });
  return [
    cost('bytes', 'File size', ['smaller', 'larger'], formatBytes, ({ footprint }) => footprint.bytes),
    cost('download', 'Download', ['smaller to download', 'larger to download'], formatBytes, ({ footprint }) => footprint.downloadBytes),
    cost('macs', 'MACs', ['fewer MACs', 'more MACs'], formatCount, ({ footprint }) => footprint.macs),
    cost('latency', 'Latency', ['faster', 'slower'], formatMs, ({ footprint }) => footprint.latency?.p50),
    cost('memory', 'Peak activations', ['less memory', 'more memory'], formatBytes, ({ footprint }) => footprint.activationBytes),
    cost('parameters', 'Parameters', ['fewer parameters', 'more parameters'], formatCount, ({ footprint }) => footprint.parameters),
    cost('flash', 'Flash, compiled', ['less flash', 'more flash'], formatBytes, ({ footprint }) => footprint.compiled?.flash),
    cost('ram', 'RAM, compiled', ['less RAM', 'more RAM'], formatBytes, ({ footprint }) => footprint.compiled?.ram),
    cost('energy', 'Energy (estimate)', ['less energy', 'more energy'], formatEnergy, ({ footprint }) => footprint.energyMicrojoules),
    cost(
      'served-energy',
      'Energy per million, served',
      ['less energy to serve', 'more energy to serve'],
      (value) => (value === undefined ? NOTHING : `${significant(value)} kWh`),
      (model) => bestServing(model)?.kilowattHoursPerMillion,
    ),
    cost(
      'cost',
      'Cost per million, served',
      ['cheaper to serve', 'dearer to serve'],
      (value) => (value === undefined ? NOTHING : significant(value)),
      (model) => bestServing(model)?.costPerMillion,
    ),
  ];
}
