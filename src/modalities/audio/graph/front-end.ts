import { OptionError } from '../../../base/index.js';
import type { Preprocess } from '../../../data/index.js';
import { forgetShapes } from '../../../infrastructure/compiler/index.js';
import { type GraphBuilder, type Model, SymbolicDim, Tensor, tensorType, Value } from '../../../onnx/index.js';
import { inferShapes, typedBuilder, upgradeOpset } from '../../../ops/index.js';
import { isFrontEnd } from '../features/preparations.js';
import { type CompleteFrontEnd, completeFrontEnd, DECIBEL_FLOOR, LEAST_PEAK, NATURAL_FLOOR } from '../features/spec.js';
import { computedTables, storedTables, type Tables } from './constants.js';

export interface FrontEndForm {
  /** "plain" frames and transforms by convolutions, which every runtime and backend has; "signal" by ONNX's STFT. Default: "plain". */
  operators?: 'plain' | 'signal';
  /** "computed" when the file is loaded, so that it stays small; "stored" in it. Default: "computed". */
  tables?: 'computed' | 'stored';
}

/** What the shipped model's input is called: [N, samples], the sound itself. */
export const SOUND_INPUT = 'sound';

/** STFT came with this opset. */
const OPSET = 17;
/** From here on ReduceMax takes its axes as an input. */
const AXES_AS_INPUT = 18;

/**
 * A copy of a model of sound features that takes the sound itself: the front end that prepared its samples is part of the graph. Quantized models stay as
 * they are behind it.
 * @param preprocess how its only input was prepared: by a front end, then standardized.
 * @returns the model, and how samples become its input now.
 * @throws OptionError where the model has several inputs, or its samples were prepared in another way; for "signal" where `nFft` is no power of two.
 */
export function withFrontEnd(
  source: Model,
  preprocess: Preprocess,
  { operators = 'plain', tables = 'computed' }: FrontEndForm = {},
): { model: Model; preprocess: Preprocess } {
  const { prepare } = preprocess;
  if (!isFrontEnd(prepare) || source.graph.feeds.length !== 1)
    throw new OptionError({
      what: 'Only a model of sound features, and of nothing else, can have its front end built in',
      expected: 'one input that is prepared as "log-mel" or "mfcc"',
      got: `${source.graph.feeds.length} input(s), prepared as ${JSON.stringify(prepare?.kind ?? 'they are')}`,
    });
  const spec = completeFrontEnd(prepare);
  if (operators === 'signal') checkStft(spec);
  const model = upgradeOpset(source, OPSET);
  const { graph } = model;
  const [features] = graph.feeds;
  const readers = features.uses();
  const build = typedBuilder(graph, model.opsets, { prefix: 'frontend' });
  graph.inputs.splice(graph.inputs.indexOf(features), 1);
  const batch = features.shape?.[0] ?? SymbolicDim.named('N');
  const sound = new Value(graph.freshName(SOUND_INPUT), tensorType('float32', [batch, spec.samples]));
  graph.inputs.unshift(sound);
  const writer = new Writer(build, spec, (tables === 'stored' ? storedTables : computedTables)(build, spec), model.opset);
  const levelled = spec.level === 'peak' ? writer.toPeak(sound) : sound;
  const frames = writer.logarithm(operators === 'signal' ? writer.byStft(levelled) : writer.byConvolution(levelled));
  const prepared = writer.finish(spec.kind === 'mfcc' ? writer.coefficients(frames) : frames, preprocess);
  for (const { node, index } of readers) node.setInput(index, prepared);
  graph.sort();
  forgetShapes(graph);
  inferShapes(model);
  const { sampleRate, samples } = spec;
  const taken: Preprocess = { name: 'raw sound', prepare: { kind: 'sound', sampleRate, samples }, layout: 'as-is', shape: [samples] };
  return { model, preprocess: taken };
}

/** @throws OptionError where ONNX Runtime's STFT is not precise: of lengths that are no power of two its logarithms are up to a hundredth off. */
function checkStft({ nFft }: CompleteFrontEnd): void {
  if (Number.isInteger(Math.log2(nFft))) return;
  throw new OptionError({
    what: 'STFT is precise for powers of two only',
    where: 'front end "nFft"',
    expected: 'a power of two',
    got: String(nFft),
    fix: 'Use the operators "plain"',
  });
}

/** Writes the steps of a front end. Values between them are [N, frames, filters]. */
class Writer {
  constructor(
    readonly build: GraphBuilder,
    readonly spec: CompleteFrontEnd,
    readonly tables: Tables,
    readonly opset: number,
  ) {}

  /** [N, samples], each sound divided by its largest magnitude. */
  toPeak(sound: Value): Value {
    const { build } = this;
    const peak = this.#largest(build.op('Abs', [sound]), [1]);
    return build.op('Div', [sound, build.op('Max', [peak, build.scalar(LEAST_PEAK)])]);
  }

  /** A convolution frames the sound, windows it and transforms it in one: its kernels are the windowed cosines and sines of each frequency. */
  byConvolution(sound: Value): Value {
    const { build, tables } = this;
    const { hop, nFft } = this.spec;
    const channel = build.op('Unsqueeze', [this.#centred(sound), build.ints([1])]);
    const [re, im] = (['Cos', 'Sin'] as const).map((part) => {
      const wave = build.op('Conv', [channel, tables.kernel(part)], { kernel_shape: [nFft], strides: [hop] });
      return build.op('Mul', [wave, wave]);
    });
    const mels = build.op('MatMul', [tables.filters(), this.#magnitude(build.op('Add', [re, im]))]);
    return build.op('Transpose', [mels], { perm: [0, 2, 1] });
  }

  /** By the operator that is made for it. */
  byStft(sound: Value): Value {
    const { build, tables } = this;
    const { hop, nFft } = this.spec;
    const signal = build.op('Unsqueeze', [this.#centred(sound), build.ints([2])]);
    const inputs = [signal, build.scalar(hop, 'int64'), tables.window(), build.scalar(nFft, 'int64')];
    const complex = build.op('STFT', inputs, { onesided: 1 });
    const power = build.op('ReduceSum', [build.op('Mul', [complex, complex]), build.ints([3])], { keepdims: 0 });
    const filters = build.op('Transpose', [tables.filters()], { perm: [1, 0] });
    return build.op('MatMul', [this.#magnitude(power), filters]);
  }

  logarithm(mels: Value): Value {
    const { build } = this;
    const { logarithm, topDb } = this.spec;
    if (logarithm === 'natural') return build.op('Log', [build.op('Add', [mels, build.scalar(NATURAL_FLOOR)])]);
    const log = build.op('Log', [build.op('Max', [mels, build.scalar(DECIBEL_FLOOR)])]);
    const decibels = build.op('Mul', [log, build.scalar(10 / Math.LN10)]);
    if (topDb === undefined) return decibels;
    return build.op('Max', [decibels, build.op('Sub', [this.#largest(decibels, [1, 2]), build.scalar(topDb)])]);
  }

  coefficients(frames: Value): Value {
    return this.build.op('MatMul', [frames, this.tables.cosines()]);
  }

  /** Scaled and laid out as the preprocessing does. */
  finish(frames: Value, { scale = 1, mean = [0], std = [1], shape }: Preprocess): Value {
    const { build } = this;
    const width = Math.max(mean.length, std.length);
    const at = (values: readonly number[], i: number) => values[values.length === 1 ? 0 : i];
    const vector = (value: (i: number) => number) =>
      build.constant(
        Tensor.of(
          'float32',
          [width],
          Float32Array.from({ length: width }, (_, i) => value(i)),
        ),
      );
    const scaled = build.op('Mul', [frames, vector((i) => scale / at(std, i))]);
    const shifted = build.op('Add', [scaled, vector((i) => -at(mean, i) / at(std, i))]);
    // 0 keeps the number of samples as it is.
    return shape ? build.op('Reshape', [shifted, build.ints([0, ...shape])]) : shifted;
  }

  /** Reflected at both ends, so that frames are centred. */
  #centred(sound: Value): Value {
    const { center, nFft } = this.spec;
    const around = Math.floor(nFft / 2);
    return center ? this.build.op('Pad', [sound, this.build.ints([0, around, 0, around])], { mode: 'reflect' }) : sound;
  }

  #magnitude(power: Value): Value {
    return this.spec.power === 1 ? this.build.op('Sqrt', [power]) : power;
  }

  #largest(value: Value, axes: readonly number[]): Value {
    if (this.opset < AXES_AS_INPUT) return this.build.op('ReduceMax', [value], { axes: [...axes], keepdims: 1 });
    return this.build.op('ReduceMax', [value, this.build.ints(axes)], { keepdims: 1 });
  }
}
