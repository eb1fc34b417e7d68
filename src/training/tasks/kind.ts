import { OptionError } from '../../base/index.js';
import type { Splits, Targets } from '../../data/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import type { Model } from '../../onnx/index.js';
import type { Goal } from './task.js';

/** What is known of a task when it is to be found out. */
export interface GoalOptions {
  /** Its kind. Default: found from the model and the data. */
  task?: string;
  /** Name of the metric that leads. Default: the task's usual one. */
  metric?: string;
  /** The output that counts. Default: the one that fits. */
  output?: string;
  /** Whether the data's targets are left aside and the model's own outputs are the truth. Default false. */
  fidelity?: boolean;
  /** With fidelity: the model whose outputs are the truth. Default: the model itself. */
  reference?: Model;
}

/** A model and its data, before it is known what the model is for. */
export interface Found {
  model: Model;
  splits: Splits;
  targets: Targets | undefined;
  options: GoalOptions;
  /** Tries out what structure alone does not tell: whether a batch can be freed. */
  runtime: Runtime;
}

/** A kind of task: when it is meant, and how its goal is made. */
export interface TaskKind {
  readonly name: string;
  /** Why the model and the data look like this kind, as the end of a sentence; undefined where they do not. */
  recognize(found: Found): string | undefined;
  /** The targets as this kind reads them; undefined where they cannot be. Default: as they are. */
  read?(targets: Targets, found: Omit<Found, 'targets' | 'splits'>): Targets | undefined;
  /** @throws DataError or OptionError where model and data do not go together. */
  make(found: Found): Goal | Promise<Goal>;
}

/** The error for data that a kind of task cannot use. @param expected what the data should hold. */
export function doesNotFit(task: string, expected: string, targets: Targets | undefined): OptionError {
  const got = targets
    ? { class: 'one class a sample', labels: 'several labels', numbers: 'numbers', tokens: 'classes of tokens', boxes: 'boxes' }[
        targets.kind
      ]
    : 'no targets';
  return new OptionError({
    what: `The data does not fit the task "${task}"`,
    where: '--task',
    expected: `data with ${expected}`,
    got,
    fix: 'Leave the task out: it is found from the data.',
  });
}
