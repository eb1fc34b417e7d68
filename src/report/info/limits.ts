import type { Limits, RunInfo } from '../../strategies/index.js';
import { formatBytes, formatCount, formatMs, formatQuality, plural, unitOf } from './format.js';

type Bound = Exclude<keyof Limits, 'rules'>;

/** Limits as people say them. */
const names: Record<Bound, string> = {
  maxSize: 'the largest size',
  maxLatency: 'the largest latency',
  maxMemory: 'the largest memory',
  maxRam: 'the most RAM of compiled code',
  maxFlash: 'the most flash of compiled code',
  maxDrop: 'the largest loss of quality',
  minQuality: 'the worst quality',
  maxMacs: 'the most multiply-accumulates',
};

export function limitName(limit: string): string {
  return isBound(limit) ? names[limit] : limit;
}

/** A limit as the command line calls it, for narrow columns: "max-flash"; a rule is its own name. */
export function limitOption(limit: string): string {
  return isBound(limit) ? limit.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`) : limit;
}

/** The limits that are set, each with its value: "the largest size 64 KB". */
export function limitTexts({ limits, task }: Pick<RunInfo, 'limits' | 'task'>): string[] {
  const { rules = [], ...bounds } = limits;
  const formats: Record<Bound, (value: number) => string> = {
    maxSize: formatBytes,
    maxLatency: formatMs,
    maxMemory: formatBytes,
    maxRam: formatBytes,
    maxFlash: formatBytes,
    maxDrop: (value) => (unitOf(task.metric) === 'points' ? plural(value, 'point') : `${value} ${unitOf(task.metric)}`),
    minQuality: (value) => formatQuality(task.metric, value),
    maxMacs: formatCount,
  };
  return [
    ...Object.entries(bounds).flatMap(([name, value]) =>
      isBound(name) && value !== undefined ? [`${names[name]} ${formats[name](value)}`] : [],
    ),
    ...rules.map(({ metric, relation, value }) => `${metric} ${relation} ${value}`),
  ];
}

function isBound(name: string): name is Bound {
  return Object.hasOwn(names, name);
}
