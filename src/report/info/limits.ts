import type { Limits, RunInfo } from '../../strategies/index.js';
import { formatBytes, formatCount, formatMs, formatQuality, plural, significant, unitOf } from './format.js';

/** A limit that is one number: all but rules of other metrics. */
export type LimitName = Exclude<keyof Limits, 'rules'>;

/** What a limit is an amount of: a loss is in the unit of the metric's changes, a quality in the metric's own. */
export type LimitKind = 'bytes' | 'count' | 'milliseconds' | 'loss' | 'quality';

/** Everything that is said of a limit; the command line, the page and reports read it here. */
export interface LimitFacts {
  readonly name: LimitName;
  readonly kind: LimitKind;
  /** For headings and forms, e.g. "Largest file". */
  readonly label: string;
  /** In a sentence, e.g. "the largest size". */
  readonly said: string;
  /** As the command line calls it, e.g. "max-size". */
  readonly option: string;
}

export const limitFacts: readonly LimitFacts[] = [
  facts('maxSize', 'bytes', 'Largest file', 'the largest size'),
  facts('maxMacs', 'count', 'Most multiply-accumulates', 'the most multiply-accumulates'),
  facts('maxLatency', 'milliseconds', 'Largest latency', 'the largest latency'),
  facts('maxMemory', 'bytes', 'Largest activations', 'the largest memory'),
  facts('maxRam', 'bytes', 'Most RAM of compiled code', 'the most RAM of compiled code'),
  facts('maxFlash', 'bytes', 'Most flash of compiled code', 'the most flash of compiled code'),
  facts('maxDrop', 'loss', 'Largest loss of quality', 'the largest loss of quality'),
  facts('minQuality', 'quality', 'Worst quality', 'the worst quality'),
];

/** What a model breaks that answers wrongly on the device of its run: no limit that anybody sets. */
const ON_DEVICE = { name: 'device', said: 'right answers on the device' };

/** A limit as people say it; a rule is its own name. */
export function limitName(limit: string): string {
  return [...limitFacts, ON_DEVICE].find(({ name }) => name === limit)?.said ?? limit;
}

/** A limit as the command line calls it, for narrow columns: "max-flash"; a rule is its own name. */
export function limitOption(limit: string): string {
  return limitFacts.find(({ name }) => name === limit)?.option ?? limit;
}

/** A limit's value, e.g. "64 KB", "1 point". @param metric that leads: losses and qualities are written as its are. */
export function limitText(kind: LimitKind, value: number, metric: string): string {
  const formats: Record<LimitKind, (value: number) => string> = {
    bytes: formatBytes,
    count: formatCount,
    milliseconds: formatMs,
    loss: (lost) => lossText(lost, metric),
    quality: (quality) => formatQuality(metric, quality),
  };
  return formats[kind](value);
}

/** The limits that are set, each with its value: "the largest size 64 KB". */
export function limitTexts({ limits, task }: Pick<RunInfo, 'limits' | 'task'>): string[] {
  const { rules = [], ...bounds } = limits;
  const set = Object.keys(bounds).flatMap((key) => limitFacts.find(({ name }) => name === key) ?? []);
  return [
    ...set.flatMap(({ name, kind, said }) => {
      const value = bounds[name];
      return value === undefined ? [] : [`${said} ${limitText(kind, value, task.metric)}`];
    }),
    ...rules.map(({ metric, relation, value }) => `${metric} ${relation} ${value}`),
  ];
}

function lossText(value: number, metric: string): string {
  const unit = unitOf(metric);
  return unit === 'points' ? plural(Number(significant(value)), 'point') : `${significant(value)} ${unit}`;
}

function facts(name: LimitName, kind: LimitKind, label: string, said: string): LimitFacts {
  return { name, kind, label, said, option: name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`) };
}
