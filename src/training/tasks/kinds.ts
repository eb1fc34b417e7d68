import { OptionError } from '../../base/index.js';
import { mapTargets, type Splits, type Targets } from '../../data/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import { isFloat, type Model } from '../../onnx/index.js';
import { trainable } from '../exposed.js';
import { anomaly, reconstruction } from './anomaly.js';
import { classification } from './classification.js';
import { detection } from './detection/detection.js';
import { detectionForm, KNOWN_FORMS } from './detection/forms.js';
import { embedding, givesUnitVectors, vectorOutput } from './embedding.js';
import { fidelity, fidelityOutputs } from './fidelity.js';
import { labelOutput, multiLabel } from './multi-label.js';
import { classOutput, numberOutputs, numbersPerSample } from './outputs.js';
import { regression } from './regression.js';
import type { Goal } from './task.js';
import { tokenOutput, tokens, tokenTargets } from './tokens.js';

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

const classificationKind: TaskKind = {
  name: 'classification',
  recognize: ({ targets }) => (targets?.kind === 'class' ? `the data has ${targets.classes.length} classes` : undefined),
  make: ({ model, splits, targets, options }) => {
    if (targets?.kind !== 'class') throw doesNotFit('classification', 'one class a sample', targets);
    const { classes } = targets;
    return classification({ ...classOutput(model, classes.length, options.output), classes, train: splits.train, metric: options.metric });
  },
};

const multiLabelKind: TaskKind = {
  name: 'multi-label',
  recognize: ({ targets }) =>
    targets?.kind === 'labels' ? `samples of the data have any number of ${targets.classes.length} labels` : undefined,
  make: ({ model, targets, options }) => {
    if (targets?.kind !== 'labels') throw doesNotFit('multi-label', 'zeros and ones for several labels', targets);
    return multiLabel({ ...labelOutput(model, targets.classes.length, options.output), classes: targets.classes, metric: options.metric });
  },
};

const regressionKind: TaskKind = {
  name: 'regression',
  recognize: ({ model, targets }) => {
    if (targets?.kind === 'numbers') return `the data has ${targets.columns.length} column(s) of numbers to predict`;
    return targets?.kind === 'class' && targets.classes.length > 2 && areNumbers(targets.classes) && givesOneNumber(model)
      ? 'the labels are whole numbers, and the model gives one number a sample'
      : undefined;
  },
  read: (targets) => {
    if (targets.kind !== 'class' || !areNumbers(targets.classes)) return targets.kind === 'numbers' ? targets : undefined;
    return { kind: 'numbers', columns: ['target'], values: Float32Array.from(targets.values, (label) => Number(targets.classes[label])) };
  },
  make: ({ model, splits, targets, options }) => {
    if (targets?.kind !== 'numbers') throw doesNotFit('regression', 'numbers', targets);
    const { columns } = targets;
    return regression({
      outputs: numberOutputs(model, columns.length, options.output),
      columns,
      train: splits.train,
      metric: options.metric,
    });
  },
};

function areNumbers(names: readonly string[]): boolean {
  return names.every((name) => name.trim() !== '' && Number.isFinite(Number(name)));
}

function givesOneNumber({ graph }: Model): boolean {
  const floats = graph.outputs.filter((output) => isFloat(output.dtype));
  return floats.length === 1 && (floats[0].shape?.length ?? 0) >= 1 && numbersPerSample(floats[0]) === 1;
}

const tokenKind: TaskKind = {
  name: 'tokens',
  recognize: ({ model, targets, options }) =>
    targets && tokenTargets(targets, model, options.output)
      ? 'the model gives scores at each position, and the data a class for each'
      : undefined,
  read: (targets, { model, options }) => tokenTargets(targets, model, options.output),
  make: ({ model, targets, options }) => {
    if (targets?.kind !== 'tokens') throw doesNotFit('tokens', 'a class number for each position', targets);
    const { classes, length } = targets;
    return tokens({ ...tokenOutput(model, length, options.output), classes, length, metric: options.metric });
  },
};

const embeddingKind: TaskKind = {
  name: 'embedding',
  recognize: ({ model, targets }) =>
    targets?.kind === 'class' && givesUnitVectors(model)
      ? 'the data has classes, and the model gives a vector of length 1 for each sample'
      : undefined,
  make: ({ model, targets, options }) =>
    embedding({
      output: vectorOutput(model, options.output),
      reference: options.reference ?? model,
      classes: targets?.kind === 'class' ? targets.classes : [],
      metric: options.metric,
    }),
};

const anomalyKind: TaskKind = {
  name: 'anomaly',
  recognize: ({ model, targets }) => {
    const found = targets?.kind === 'class' && targets.classes.length === 2 && reconstruction(model);
    // A row of two numbers may as well be the scores of two classes, whatever the input's width.
    return found && widthOfOutput(model, found.output) !== 2
      ? 'the data has two classes, and the model gives back what it is given'
      : undefined;
  },
  make: ({ model, targets, options }) => {
    if (targets?.kind !== 'class' || targets.classes.length !== 2) throw doesNotFit('anomaly', 'two classes', targets);
    return anomaly({ model, classes: targets.classes, output: options.output, metric: options.metric });
  },
};

const detectionKind: TaskKind = {
  name: 'detection',
  recognize: ({ model, targets }) =>
    targets?.kind === 'boxes' && detectionForm(model, targets)
      ? `the data has boxes of ${targets.classes.length} classes, and the model gives such`
      : undefined,
  make: async ({ model, targets, options, runtime }) => {
    if (targets?.kind !== 'boxes') throw doesNotFit('detection', 'boxes', targets);
    const { metric } = options;
    const goal = detection({ model, targets, metric });
    return goal.expose ? detection({ model, targets, metric, teacher: await trainable(model, goal, runtime) }) : goal;
  },
};

const fidelityKind: TaskKind = {
  name: 'fidelity',
  recognize: ({ targets, options }) =>
    options.fidelity
      ? 'it was asked for'
      : targets === undefined
        ? 'the data has no targets: the model itself is the truth'
        : targets.kind === 'boxes'
          ? `the data has boxes, and the model's outputs have no form of detections that is known: ${KNOWN_FORMS}`
          : undefined,
  make: async ({ model, targets, options, runtime }) => {
    const reference = options.reference ?? model;
    const found = fidelityOutputs(reference, options.output);
    const [only] = found.outputs;
    // The data's own classes declare what an output of as many numbers is.
    const declared =
      targets?.kind === 'class' && found.outputs.length === 1 && widthOfOutput(reference, only) === targets.classes.length
        ? { scores: only }
        : {};
    const goal = fidelity({ reference, ...declared, ...found, metric: options.metric });
    return goal.expose
      ? fidelity({ reference, ...declared, ...found, teacher: await trainable(reference, goal, runtime), metric: options.metric })
      : goal;
  },
};

function widthOfOutput({ graph }: Model, name: string): number | undefined {
  const output = graph.outputs.find((each) => each.name === name);
  return output && numbersPerSample(output);
}

/** Every kind of task, in the order in which they are recognized. */
const KINDS: TaskKind[] = [
  tokenKind,
  regressionKind,
  multiLabelKind,
  anomalyKind,
  embeddingKind,
  classificationKind,
  detectionKind,
  fidelityKind,
];

/** Names of the kinds of tasks. */
export function taskNames(): string[] {
  return KINDS.map(({ name }) => name);
}

/**
 * Finds out what a model is for: by name, or as the first kind that recognizes the model and the data.
 * @returns the goal, the data with targets as it reads them, and the reason for people.
 * @throws OptionError for a kind that there is not; DataError where model and data do not go together.
 */
export async function findGoal(found: Omit<Found, 'targets'>): Promise<{ goal: Goal; splits: Splits; reason: string }> {
  const { options } = found;
  const { targets } = found.splits.train;
  const { task, fidelity: isFidelity } = options;
  const wanted = task ?? (isFidelity ? 'fidelity' : undefined);
  const named = KINDS.find(({ name }) => name === wanted);
  if (wanted !== undefined && !named) throw new OptionError({ what: `There is no task "${wanted}"`, expected: taskNames().join(', ') });
  const recognized = KINDS.map((kind) => ({ kind, reason: kind.recognize({ ...found, targets }) })).filter(({ reason }) => reason);
  const { kind, reason } = named ? { kind: named, reason: 'it was asked for' } : (recognized[0] as { kind: TaskKind; reason: string });
  const change = (each: Targets) => kind.read?.(each, found) ?? each;
  const read = targets && change(targets);
  const splits = read === targets ? found.splits : mapSplits(found.splits, change, kind.name);
  const goal = await kind.make({ ...found, splits, targets: read });
  return { goal, splits, reason };
}

function mapSplits(splits: Splits, change: (targets: Targets) => Targets, how: string): Splits {
  const { train, calibration, validation, test } = splits;
  const map = (part: Splits['train']) => mapTargets(part, change, how);
  return { train: map(train), calibration: map(calibration), validation: map(validation), test: map(test) };
}

function doesNotFit(task: string, expected: string, targets: Targets | undefined): OptionError {
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
