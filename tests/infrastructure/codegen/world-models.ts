import { readFileSync } from 'node:fs';
import { Random } from 'espalier/base';
import type { Runtime } from 'espalier/infrastructure/runtime';
import { copiesOf, decodeModel, Tensor } from 'espalier/onnx';
import { type Lowered, lowerGraph, prepare, type Schedule } from '#dist/infrastructure/codegen/index.js';
import { makeConstant } from './node-cases.js';

/** How a model of others is compiled: shapes for open ones, inputs that become constants, and how large integers may be. */
export interface WorldModel {
  readonly file: string;
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  readonly constants?: Readonly<Record<string, Tensor>>;
  /** Integers are drawn below this; 256 where nothing is said. */
  readonly below?: Readonly<Record<string, number>>;
  /** Values that an input has rather than random ones. */
  readonly given?: Readonly<Record<string, readonly number[]>>;
  /** What the refusal says where it is refused. */
  readonly refused?: RegExp;
  /** Of a model in integers: how many units of its output's scale (`unit`) results may be off. */
  readonly units?: number;
  readonly unit?: number;
}

export const worldModels: readonly WorldModel[] = [
  { file: 'mnist8_cntk.onnx' },
  { file: 'olive_mnist_dynquant.onnx' },
  { file: 'ultraface_rfb_320.onnx' },
  { file: 'magika_standard_v3_3.onnx', shapes: { bytes: [1, 2048] }, below: { bytes: 257 } },
  {
    file: 'silero_vad_v6.onnx',
    shapes: { input: [1, 576], state: [2, 1, 128] },
    constants: { sr: Tensor.from('int64', [], [16000]) },
  },
  { file: 'g2p_arpabet_transducer.onnx', shapes: { src: [1, 9], tgt: [1, 5] }, below: { src: 28, tgt: 40 }, given: { t: [3] } },
  { file: 'basic_pitch_nmp.onnx' },
  { file: 'tract_byte_sb_bidi_lstm.onnx', shapes: { input: [1, 40] } },
  { file: 'ppocr_v2_cls.onnx', shapes: { x: [1, 3, 32, 960] } },
  // ONNX Runtime scales sums in 32-bit floats, compiled code with 31 bits: 2 of 45472 elements of the 13th convolution are one unit off, the first that
  // are, and the 43 convolutions behind it spread that.
  { file: 'shufflenet_v2_int8.onnx', units: 2, unit: 0.1724 },
  {
    file: 'libtashkeel_fp32.onnx',
    shapes: { char_inputs: [1, 24], input_lengths: [1] },
    below: { char_inputs: 40 },
    given: { input_lengths: [24] },
  },
  { file: 'subpixel_cnn_superres.onnx', shapes: { input: [1, 1, 224, 224] } },
  { file: 'crepe_tiny.onnx', shapes: { input: [1, 1024] } },
  { file: 'picodet_xs_416_sim.onnx' },
  { file: 'fastestdet.onnx' },
  { file: 'sklearn_scaler_lightgbm.onnx', shapes: { input: [1, 2] }, refused: /no kernel for ai\.onnx\.ml\.Scaler/ },
];

/** A model as compiled code is to run it, and what ONNX Runtime gives on the same inputs. */
export interface CompiledModel {
  readonly lowered: Lowered;
  readonly inputs: readonly Uint8Array[];
  readonly expected: readonly Tensor[];
}

export async function compileWorldModel(
  path: string,
  { shapes, constants = {}, below = {}, given = {} }: WorldModel,
  runtime: Runtime,
  schedule?: Partial<Schedule>,
): Promise<CompiledModel> {
  const model = decodeModel(new Uint8Array(readFileSync(path)));
  for (const input of [...model.graph.inputs]) if (constants[input.name]) makeConstant(model, input, constants[input.name]);
  const lowered = lowerGraph(await prepare(model, { runtime, shapes }), schedule);
  const random = new Random(1);
  const feeds = lowered.inputs.map(({ name, dtype, shape }) => {
    const size = shape.reduce((all, each) => all * each, 1);
    const numbers =
      given[name] ??
      Float64Array.from({ length: size }, () => (/float/.test(dtype) ? random.normal() : random.integer(below[name] ?? 256)));
    return Tensor.from(dtype, shape, numbers);
  });
  const program = await runtime.compile({ path });
  const named = Object.fromEntries(lowered.inputs.map(({ name }, at) => [name, feeds[at]]));
  // Runtimes take memory that they are given.
  const results = await program.run(copiesOf({ ...constants, ...named }));
  await program.dispose();
  return { lowered, inputs: feeds.map((feed) => feed.bytes()), expected: lowered.outputs.map(({ name }) => results[name]) };
}
