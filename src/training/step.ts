import { addGradients, prepare, type Recomputation } from '../autodiff/index.js';
import { lookup, UnsupportedError } from '../base/index.js';
import { trimUnread } from '../infrastructure/compiler/index.js';
import {
  type Dim,
  embedModel,
  type GraphBuilder,
  type Model,
  mergeCommonSubexpressions,
  removeDeadCode,
  type Tensor,
  type Value,
} from '../onnx/index.js';
import { floatOutputs, inPlainFloats, TRAINING_OPSET, upgradeOpset } from '../ops/index.js';
import { shallowPart } from './depth.js';
import { toTrainingForm } from './forms.js';
import type { LossBuilder } from './losses/index.js';
import { withinMemory } from './memory.js';
import { expandBatchNormalization } from './normalization.js';
import type { ScalarName } from './optimizers/index.js';
import { exposeParameters, frozenParameters, namesOfOne, nothingToTrain, rateFactors } from './parameters.js';
import { sharpnessGradients } from './sharpness.js';
import { StateBuilder } from './state.js';
import type { StepOptions } from './step-options.js';

/** One whole training step as an ONNX model: forward, loss, backward and update. Where gradients are accumulated, one of several runs that make a step. */
export interface TrainingStep {
  model: Model;
  /** Resident inputs and the outputs that become their next values; null for those that only the host changes. */
  resident: Record<string, string | null>;
  /** Their values at the start. */
  state: Record<string, Tensor>;
  /** Names that the host feeds at every step besides the model's inputs. */
  scalars: readonly ScalarName[];
  lossOutput: string;
  /** Output names of the watched values, in order. */
  watched: readonly string[];
  /** Names of the parameters that are trained. */
  parameters: readonly string[];
  /** Floats that could be weights and get no gradient, and why, as a clause; frozen ones are not among them. */
  untrained: readonly { name: string; reason: string }[];
  /** Their share of all numbers that could be trained, in [0, 1]. */
  untrainedShare: number;
  /** Memory that a step is predicted to need, and what recomputation adds to its work. Only where `maxMemory` was given. */
  memory?: Recomputation;
  /** The tensors of the model that may change, out of a state: weights (their moving average where `ema` is on), running statistics, held ones. */
  weights(state: Readonly<Record<string, Tensor>>, which?: 'current' | 'average'): Map<string, Tensor>;
}

/** The input that seeds what the step draws at random: a uint32 scalar. */
export const SEED_INPUT = 'espalier.seed';

/** The step's input that feeds an input which only another model in the loss has. */
export function otherInput(name: string): string {
  return `espalier.other.${name}`;
}

/**
 * Writes the training step of any model that has the rules for it: see `addGradients` for what it refuses. Parameters live in one vector for
 * those with weight decay and one for those without, so that the optimizer is a handful of nodes whatever the size of the model.
 */
export function buildTrainingStep(source: Model, options: StepOptions): TrainingStep {
  checkBatch(source, options);
  const { model, build, value } = prepare(source, { inputShapes: options.inputShapes });
  const { graph } = model;
  // Before anything is written: constants of the training graph, and of what the loss embeds, are not trained.
  const writable = namesOfOne(source);
  const all = exposeParameters(graph).filter(({ name }) => writable.has(name));
  const shallow = options.freezeDepth ? shallowPart(graph, all, options.freezeDepth) : undefined;
  const frozen = frozenParameters(graph, options.freeze ?? []);
  const rates = rateFactors(graph, options.rateFactors ?? []);
  const exposed = all.filter((parameter) => !frozen.has(parameter) && !shallow?.parameters.has(parameter));
  const outputs = [...graph.outputs];
  const seed = build.input(SEED_INPUT, 'uint32', []);
  const { statistics, normalizations } = toTrainingForm(build, seed, { ...options, stay: shallow?.nodes });
  const held = [...graph.initializers].filter((initializer) => options.held?.includes(initializer.name));
  const fixed = new Set([...statistics, ...held]);
  const candidates = exposed.filter((parameter) => !fixed.has(parameter));
  const loss = options.loss(lossContext(build, value, options));
  const watched = (options.watch ?? []).map((name) => value(name));
  // What is handed out keeps its size: watched values are outputs from here on.
  graph.outputs.push(...watched.filter((each) => !graph.outputs.includes(each)));
  trimUnread(graph);

  const untrained = new Map<Value, string>();
  const gradients = addGradients({
    build,
    opsets: model.opsets,
    from: new Map([[loss, build.scalar(1)]]),
    to: candidates,
    lenient: true,
    onMissing: (value, reason) => untrained.set(value, reason),
  });
  const untrainedShare = sizesOf(untrained.keys()) / sizesOf(candidates);
  if (gradients.size === 0) throw nothingToTrain(source, candidates);
  const running = normalizations.flatMap((node) => expandBatchNormalization(build, node));

  const state = new StateBuilder(build);
  const groups = state.parameters([...gradients.keys()], rates, options.optimizer);
  state.statistics(running);
  for (const initializer of held) state.held(initializer);
  const sharp = options.samRadius === undefined ? gradients : sharpnessGradients(build, groups, gradients, options.samRadius);
  state.update(groups, sharp, options);

  graph.outputs.length = 0;
  const lossOutput = build.output(loss, 'espalier.loss').name;
  const watchedNames = watched.map((each) => build.output(each).name);
  const resident = state.finish();
  for (const output of outputs) if (!graph.outputs.includes(output)) output.extras = undefined;
  removeDeadCode(graph);
  mergeCommonSubexpressions(graph);
  removeUnreadInputs(build);
  const memory = options.maxMemory === undefined ? undefined : withinMemory(model, options.maxMemory);
  return {
    model,
    resident,
    state: state.initial,
    scalars: state.scalars,
    lossOutput,
    watched: watchedNames,
    parameters: [...gradients.keys()].map((parameter) => parameter.name),
    untrained: [...untrained].map(([{ name }, reason]) => ({ name, reason })),
    untrainedShare,
    ...(memory && { memory }),
    weights: state.extractor(),
  };
}

function sizesOf(parameters: Iterable<Value>): number {
  return [...parameters].reduce((sum, { initializer }) => sum + (initializer?.size ?? 0), 0);
}

/** @throws UnsupportedError where an input is fixed to another number of samples: what follows would fail somewhere inside. */
function checkBatch(source: Model, { batchSize, inputShapes }: StepOptions): void {
  for (const { name, shape } of source.graph.feeds) {
    const fixed = shape?.[0] as Dim | undefined;
    if (typeof fixed !== 'number' || lookup(inputShapes, name)?.[0] !== batchSize || fixed === batchSize) continue;
    throw new UnsupportedError({
      what: `The model takes exactly ${fixed} sample(s) at a time`,
      where: `input "${name}"`,
      expected: `a free batch dimension, or ${fixed} as the batch size`,
      got: `a batch size of ${batchSize}`,
      fix: 'Export it with a symbolic batch dimension; `freeBatch` makes one where that is possible.',
    });
  }
}

/** What a loss is handed that is written into `build`'s graph. */
export function lossContext(
  build: GraphBuilder,
  value: (name: string) => Value,
  options: Pick<StepOptions, 'batchSize' | 'inputShapes' | 'otherShapes'>,
): Parameters<LossBuilder>[0] {
  return {
    build,
    value,
    input: value,
    feed: (name, dtype, shape) => build.input(name, dtype, shape),
    embed: (other, prefix) => {
      const upgraded = upgradeOpset(inPlainFloats(other), TRAINING_OPSET);
      floatOutputs(upgraded);
      const { feeds } = upgraded.graph;
      const own = Object.keys(options.inputShapes);
      // Two models with one input each mean the same by it, whatever they call it.
      const nameOf = (name: string) => (own.includes(name) || feeds.length !== 1 || own.length !== 1 ? name : own[0]);
      const given = ({ name, dtype = 'float32' }: Value) => {
        const shape = lookup(options.otherShapes ?? {}, name);
        if (!shape) return value(nameOf(name));
        const known = build.graph.inputs.find((input) => input.name === otherInput(name));
        return known ?? build.input(otherInput(name), dtype, shape);
      };
      const inputs = Object.fromEntries(feeds.map((input) => [input.name, given(input)]));
      return embedModel(build, upgraded, inputs, prefix);
    },
    embedded: (prefix, name) => {
      const found = [...build.graph.values()].find((each) => each.name === `${prefix}/${name}`);
      if (found) return found;
      throw new UnsupportedError({ what: `The ${prefix} has no value called "${name}"` });
    },
    batchSize: options.batchSize,
  };
}

function removeUnreadInputs(build: GraphBuilder): void {
  const { inputs, outputs } = build.graph;
  const read = inputs.filter((input) => input.readers.size > 0 || outputs.includes(input));
  inputs.length = 0;
  inputs.push(...read);
}
