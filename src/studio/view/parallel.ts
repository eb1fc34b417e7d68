import { SearchSpace, type Value } from '../../automation/index.js';
import { finite, significant } from '../../report/info/index.js';
import type { LiveRun, LiveTrial, ObjectiveName } from '../../strategies/index.js';
import { parameterName } from './form.js';
import { objectiveText } from './objectives.js';

/** One axis of parallel coordinates: a parameter or an objective. */
export interface ParallelAxis {
  readonly key: string;
  readonly label: string;
  readonly log: boolean;
  /** The values of an axis without order. */
  readonly choices?: readonly string[];
  /** Undefined where the trial has no such value: a parameter that is not active in it. */
  value(trial: LiveTrial): number | string | undefined;
  text(value: number): string;
}

/** Of each axis that is brushed, the ends between which trials are kept, or the choices. */
export type Brushes = Readonly<Record<string, readonly [low: number, high: number] | readonly string[]>>;

/** Parameters in the order of their conditions, then objectives. */
export function parallelAxes({ space, objectives = [], task, baseline }: LiveRun): ParallelAxis[] {
  const parameters = space ? new SearchSpace(space).names.map((name) => parameterAxis(name, space)) : [];
  const samples = baseline?.validation.samples;
  return [...parameters, ...objectives.map((name, index) => objectiveAxis(name, index, task.metric, samples))];
}

function parameterAxis(name: string, space: NonNullable<LiveRun['space']>): ParallelAxis {
  const parameter = space[name];
  const of = ({ point }: LiveTrial): Value | undefined => (Object.hasOwn(point, name) ? point[name] : undefined);
  const base = { key: `parameter ${name}`, label: parameterName(name), text: (value: number) => significant(value, 4) };
  if (parameter.type === 'categorical') {
    const text = (value: Value | undefined) => (value === undefined ? undefined : String(value));
    return { ...base, log: false, choices: parameter.choices.map(String), value: (trial) => text(of(trial)) };
  }
  // Between whole numbers there is nothing to be read.
  const text = parameter.type === 'integer' ? (value: number) => (Number.isInteger(value) ? String(value) : '') : base.text;
  return { ...base, text, log: parameter.log === true, value: (trial) => of(trial) as number | undefined };
}

function objectiveAxis(name: ObjectiveName, index: number, metric: string, samples?: number): ParallelAxis {
  const { label, format } = objectiveText(name, metric, samples);
  return { key: `objective ${name}`, label, log: false, value: ({ values }) => finite(values?.[index]), text: format };
}

/** Whether a trial is within all that is brushed. */
export function isBrushed(trial: LiveTrial, axes: readonly ParallelAxis[], brushes: Brushes): boolean {
  return axes.every(({ key, choices, value }) => {
    const brush = Object.hasOwn(brushes, key) ? brushes[key] : undefined;
    if (!brush) return true;
    const at = value(trial);
    if (at === undefined) return false;
    if (choices) return (brush as readonly string[]).includes(at as string);
    const [low, high] = brush as readonly [number, number];
    return (at as number) >= low && (at as number) <= high;
  });
}
