import { formatBytes, formatCount, formatMs, formatQuality, metricName } from '../../report/info/index.js';
import type { ObjectiveName } from '../../strategies/index.js';

export interface ObjectiveText {
  /** For headings and axes. */
  readonly label: string;
  format(value: number | undefined): string;
}

/** How an objective is written. @param samples decides the digits of quality. */
export function objectiveText(name: ObjectiveName, metric: string, samples?: number): ObjectiveText {
  const quality = metricName(metric);
  const texts: Readonly<Record<ObjectiveName, ObjectiveText>> = {
    quality: { label: `${quality[0]?.toUpperCase() ?? ''}${quality.slice(1)}`, format: (value) => formatQuality(metric, value, samples) },
    bytes: { label: 'File size', format: formatBytes },
    macs: { label: 'MACs', format: formatCount },
    latency: { label: 'Latency', format: formatMs },
    memory: { label: 'Peak activations', format: formatBytes },
  };
  return texts[name];
}
