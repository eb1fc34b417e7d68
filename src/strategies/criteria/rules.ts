import { OptionError } from '../../base/index.js';
import { metricNamed } from '../../metrics/index.js';
import type { Task } from '../../training/index.js';
import type { QualityInfo, QualityRule } from '../results/info.js';

/** By how much a rule is broken, in the metric's units; where the metric is not defined it is not kept. */
export function missedBy({ metric, relation, value }: QualityRule, quality: QualityInfo): number {
  const got = metric === quality.metric ? quality.value : quality.details[metric];
  if (got === undefined) return 1;
  return relation === '>=' ? value - got : got - value;
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
