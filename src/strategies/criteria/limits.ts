import { OptionError } from '../../base/index.js';
import { type AnyMetric, lossBetween, metricNamed, worth } from '../../metrics/index.js';
import type { Task } from '../../training/index.js';
import type { Limits, ModelInfo, QualityRule } from '../results/info.js';

/** By how much each limit is broken, relative to the limit; at most 0 where it is kept. Only limits that are set and measured are listed. */
export function violations(
  limits: Limits,
  { validation: quality, footprint }: Pick<ModelInfo, 'validation' | 'footprint'>,
  { validation: baseline }: Pick<ModelInfo, 'validation'>,
  metric: AnyMetric,
): Record<string, number> {
  const found: Record<string, number> = {};
  const atMost = (name: Exclude<keyof Limits, 'rules'>, value: number | undefined) => {
    const limit = limits[name];
    if (limit !== undefined && value !== undefined) found[name] = value / limit - 1;
  };
  atMost('maxSize', footprint.bytes);
  atMost('maxMacs', footprint.macs);
  atMost('maxMemory', footprint.activationBytes);
  atMost('maxLatency', footprint.latency?.p50);
  if (limits.maxDrop !== undefined) found.maxDrop = lossBetween(metric, baseline.value, quality.value) * 100 - limits.maxDrop;
  if (limits.minQuality !== undefined) found.minQuality = worth(metric, limits.minQuality) - worth(metric, quality.value);
  for (const rule of limits.rules ?? []) found[ruleText(rule)] = missedBy(rule, quality);
  return found;
}

/** By how much a rule is broken, in the metric's units; where the metric is not defined it is not kept. */
function missedBy({ metric, relation, value }: QualityRule, quality: ModelInfo['validation']): number {
  const got = metric === quality.metric ? quality.value : quality.details[metric];
  if (got === undefined) return 1;
  return relation === '>=' ? value - got : got - value;
}

/** Names of the limits that are broken. */
export function broken(found: Readonly<Record<string, number>>): string[] {
  // A drop of exactly the limit may come out a rounding error above it.
  return Object.entries(found).flatMap(([name, amount]) => (amount > 1e-9 ? [name] : []));
}

/** A rule as it is typed: "recall[person]>=0.9". */
export function ruleText({ metric, relation, value }: QualityRule): string {
  return `${metric}${relation}${value}`;
}

/** Reads a rule as it is typed. @throws OptionError where it is none. */
export function parseRule(text: string): QualityRule {
  const [, metric, relation, value] = /^\s*([^<>=]+?)\s*(>=|<=)\s*([-+.\de]+%?)\s*$/i.exec(text) ?? [];
  const number = value?.endsWith('%') ? Number(value.slice(0, -1)) / 100 : Number(value);
  if (metric === undefined || !Number.isFinite(number))
    throw new OptionError({
      what: 'Not a limit of a metric',
      expected: 'a metric, >= or <=, and a number: "recall[person]>=0.9"',
      got: text,
    });
  return { metric, relation: relation as QualityRule['relation'], value: number };
}

/**
 * The rules by the metrics' own names, and the task with these among what it states.
 * @throws OptionError for a metric or part that the task does not have.
 */
export function withRules(task: Task, rules: readonly QualityRule[]): { task: Task; rules: QualityRule[] } {
  const metrics = rules.map(({ metric }) => metricNamed(metric, task.answers, task.parts));
  const further = metrics.filter(({ name }, i) => {
    const isKnown = task.metrics.some((each) => each.name === name);
    return !isKnown && metrics.findIndex((each) => each.name === name) === i;
  });
  return {
    task: { ...task, metrics: [...task.metrics, ...further] },
    rules: rules.map((rule, i) => ({ ...rule, metric: metrics[i].name })),
  };
}

/** @throws OptionError for limits that no model can keep. */
export function checkLimits({ rules: _, ...limits }: Limits): void {
  for (const [name, limit] of Object.entries(limits)) {
    const least = name === 'maxDrop' || name === 'minQuality' ? 0 : Number.MIN_VALUE;
    if (limit !== undefined && !(Number.isFinite(limit) && limit >= least)) {
      throw new OptionError({
        what: 'Not a usable limit',
        where: name,
        expected: least === 0 ? 'a number, at least 0' : 'a positive number',
        got: String(limit),
      });
    }
  }
}

/** Whether a file may be made better or smaller by more work: no convolution kernel computes with 4 bits, and a second look takes twice the time. */
export function onlySizeLimited({ maxMacs, maxLatency, maxMemory }: Limits): boolean {
  return maxMacs === undefined && maxLatency === undefined && maxMemory === undefined;
}
