import { OptionError } from '../../base/index.js';
import type { Batch } from '../../data/index.js';
import { type AnyMetric, type Fidelity, metricNamed, metricsOf, predictedClasses } from '../../metrics/index.js';
import { isFloat, type Model, type Tensor, type Value } from '../../onnx/index.js';
import { channelAxis } from '../channels.js';
import { trainable } from '../exposed.js';
import { rowsOf } from '../feeds.js';
import { distillation } from '../losses/distillation.js';
import type { LossBuilder } from '../losses/loss.js';
import { meanPower } from '../losses/power.js';
import { followReference } from '../losses/reference.js';
import { headOf } from '../losses/scores.js';
import { ChannelErrors } from './channel-errors.js';
import { KNOWN_FORMS } from './detection/forms.js';
import type { TaskKind } from './kind.js';
import { holdsScores, isLabel, numbersPerSample, outputNamed, scoresOfLabel } from './outputs.js';
import { cutSelection, selectedFrom } from './selection.js';
import type { Collector, Goal, Outputs } from './task.js';

export interface FidelityOptions {
  /** The original, whose outputs are the truth. */
  reference: Model;
  /** Its outputs that count. */
  outputs: readonly string[];
  /** The one among them that holds class scores, so that agreement of the answers can be told. Default: none does. */
  scores?: string;
  /** Whether the outputs are what the model's selection picks from (see `selectionOf`), rather than its own. Default false. */
  isCut?: boolean;
  /** The reference with the same outputs, as losses embed it: with a free batch. Default: the reference. */
  teacher?: Model;
  /** The metric that leads. Default: agreement where class scores are the only output, else fidelity in the worst channel. */
  metric?: string | AnyMetric;
}

/** To answer as the original does: for data without targets. */
export function fidelity(options: FidelityOptions): Goal {
  const { reference, outputs, scores, isCut = false, teacher = reference } = options;
  const seen = isCut ? cutSelection(reference, outputs) : reference;
  const label = labelHead(reference, outputs, isCut);
  const { metric = scores !== undefined && outputs.length === 1 ? 'agreement' : 'fidelity' } = options;
  return {
    kind: 'fidelity',
    title: isCut ? 'fidelity to the original model in front of its selection of boxes' : 'fidelity to the original model',
    outputs,
    parts: [],
    answers: 'fidelity',
    metric: typeof metric === 'string' ? metricNamed(metric, 'fidelity') : metric,
    metrics: metricsOf('fidelity'),
    reference,
    losses: ['reference'],
    ...(isCut && { expose: (model: Model) => cutSelection(model, outputs) }),
    ...label,
    loss: () => follow(options, teacher),
    distillation: (other) => follow(options, other),
    importanceLoss: () => meanPower(outputs),
    targets: () => ({}),
    collect: () => new FidelityCollector(options, seen),
    // A student that is not the original has only the names of its outputs in common with it.
    forModel: () => fidelity(options),
  };
}

/**
 * The outputs that are judged by fidelity: one that was named; else, where the model ends in a selection as detectors do in non-maximum suppression, what
 * it picks from, because what is picked cannot be compared number by number; else every float output, else one that gives a class, as ArgMax does.
 * @param declared whether the named output holds class scores, though nothing in the graph says so.
 * @throws OptionError for a name that does not exist, and where there is no output to judge.
 */
export function fidelityOutputs(
  model: Model,
  wanted?: string,
  declared = wanted !== undefined,
): Pick<FidelityOptions, 'outputs' | 'scores' | 'isCut'> {
  const { outputs } = model.graph;
  const selected = wanted === undefined ? selectedFrom(model) : [];
  if (selected.length > 0) return { outputs: selected, isCut: true };
  const judged = (value: Value) => isFloat(value.dtype) || value.dtype === undefined;
  const chosen = wanted === undefined ? outputs.filter(judged) : [outputNamed(model, wanted)];
  const found = chosen.length > 0 ? chosen : outputs.filter(isLabel);
  if (found.length === 0)
    throw new OptionError({
      what: 'No output can be scored: none holds floating-point numbers, or one whole number (a class) for each sample',
      where: model.source,
      got: outputs.map((output) => `"${output.name}" ${output.dtype ?? '?'}`).join(', '),
    });
  const scores = found.find((output) => declared || holdsScores(output));
  return { outputs: found.map(({ name }) => name), ...(scores && { scores: scores.name }) };
}

/** A label has no noise and no gradient, but the scores that it is made of do. */
function labelHead(reference: Model, outputs: readonly string[], isCut: boolean): Pick<Goal, 'expose' | 'heads'> {
  const label = isCut ? undefined : outputs.find((name) => isLabel(outputNamed(reference, name)));
  return label === undefined ? {} : scoresOfLabel(reference, label);
}

/** Class scores are followed as a student follows a teacher where a label is all that comes out: it has no gradient. */
function follow({ outputs, reference, isCut }: FidelityOptions, teacher: Model): LossBuilder {
  const labels = isCut ? [] : outputs.filter((name) => isLabel(outputNamed(reference, name)));
  return labels.length > 0 ? distillation(labels[0], teacher, { weight: 1, temperature: 1 }) : followReference(outputs, teacher);
}

class FidelityCollector implements Collector {
  readonly #options: FidelityOptions;
  readonly #outputs: Map<string, ChannelErrors>;
  readonly #isSigmoid: boolean;
  #size = 0;
  #agreeing = 0;

  /** @param reference exposed. */
  constructor(options: FidelityOptions, reference: Model) {
    const { outputs, scores } = options;
    this.#options = options;
    this.#outputs = new Map(outputs.map((name) => [name, new ChannelErrors(name, axisOf(outputNamed(reference, name)))]));
    this.#isSigmoid = scores !== undefined && headOf(outputNamed(reference, scores)).kind === 'sigmoid';
  }

  add({ size }: Batch, outputs: Outputs, reference: Outputs = {}): void {
    for (const [name, errors] of this.#outputs)
      errors.add(reference[name], outputs[name], Math.min(size, reference[name].shape[0] ?? size));
    const { scores } = this.#options;
    if (scores !== undefined) this.#agreeing += agreeing(reference[scores], outputs[scores], size, this.#isSigmoid);
    this.#size += size;
  }

  answers() {
    const all = [...this.#outputs.values()];
    const predictions: Fidelity = {
      size: this.#size,
      channels: all.flatMap((errors) => errors.channels()),
      cosine: all.reduce((sum, { cosine }) => sum + cosine, 0) / all.length,
      maxDifference: all.reduce((most, { largest }) => Math.max(most, largest), 0),
      ...(this.#options.scores !== undefined && { agreeing: this.#agreeing }),
    };
    return { kind: 'fidelity' as const, size: this.#size, predictions, targets: undefined };
  }
}

function axisOf(output: Value): number | undefined {
  const shape = output.shape?.map((dim) => (typeof dim === 'number' ? dim : 0));
  // Open sizes say nothing of which axis is shorter; the numbers themselves will.
  return shape && (shape.slice(1).every((dim) => dim > 0) || shape.length !== 3) ? channelAxis(shape, output) : undefined;
}

/** Samples whose class is the same, or, where each class is a question of its own, all of whose answers are. */
function agreeing(reference: Tensor, candidate: Tensor, size: number, isSigmoid: boolean): number {
  const [wanted, got] = [rowsOf(reference), rowsOf(candidate)];
  const classes = wanted.width;
  if (!isFloat(reference.dtype)) return count(size, (row) => wanted.rows[row] === got.rows[row]);
  if (!isSigmoid) {
    const [a, b] = [wanted, got].map(({ rows }) => predictedClasses({ size, classes, data: rows }));
    return count(size, (row) => a[row] === b[row]);
  }
  const alike = (i: number) => wanted.rows[i] > 0.5 === got.rows[i] > 0.5 && !Number.isNaN(got.rows[i]);
  return count(size, (row) => Array.from({ length: classes }, (_, i) => row * classes + i).every(alike));
}

function count(size: number, holds: (row: number) => boolean): number {
  let found = 0;
  for (let row = 0; row < size; row++) found += Number(holds(row));
  return found;
}

export const fidelityKind: TaskKind = {
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
