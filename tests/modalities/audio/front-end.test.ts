import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { architecture } from '#dist/architectures/index.js';
import { OptionError, Random } from '#dist/base/index.js';
import { minifyModel } from '#dist/compression/packaging/index.js';
import { applyPreprocess, type Preprocess } from '#dist/data/index.js';
import { checkOnWeb, createNodeRuntime } from '#dist/infrastructure/runtime/node/index.js';
import { completeFrontEnd, type FrontEnd, frameCount, frameWidth } from '#dist/modalities/audio/features/spec.js';
import { type FrontEndForm, withFrontEnd } from '#dist/modalities/index.js';
import { encodeModel, Graph, GraphBuilder, Model, SymbolicDim, Tensor } from '#dist/onnx/index.js';
import { fixture, floats, frontEndOf, relativeError } from './support.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());
const FORMS: FrontEndForm[] = (['plain', 'signal'] as const).flatMap((operators) =>
  (['computed', 'stored'] as const).map((tables) => ({ operators, tables })),
);
const { signals, mel, mfcc } = fixture('features.json');

function identity({ shape }: Preprocess): Model {
  const graph = new Graph('identity');
  const build = new GraphBuilder(graph);
  const features = build.input('input', 'float32', [SymbolicDim.named('N'), ...(shape as number[])]);
  build.output(build.op('Identity', [features]), 'features');
  return new Model(graph, 17);
}

/** The output of a model that only hands on its input: what the front end in the graph gives. */
async function featuresInGraph(preprocess: Preprocess, form: FrontEndForm, sounds: Float32Array): Promise<Float32Array> {
  const program = await runtime.compile(withFrontEnd(identity(preprocess), preprocess, form).model, { threads: 1 });
  const { features: found } = await program.run({ sound: Tensor.of('float32', [2, sounds.length / 2], sounds.slice()) });
  await program.dispose();
  return found.toFloat32();
}

function preprocessOf(prepare: FrontEnd): Preprocess {
  const full = completeFrontEnd(prepare);
  const width = frameWidth(full);
  const mean = Array.from({ length: width }, (_, i) => i - 5);
  return { prepare, layout: 'as-is', shape: [1, frameCount(full), width], mean, std: [4] };
}

function twoSounds(sound: Float32Array): Float32Array {
  return Float32Array.from([...sound, ...sound.map((value, i) => value * 0.3 * Math.cos(i / 50))]);
}

describe('the front end in the graph, in ONNX Runtime, as on the host', () => {
  const cases = [...mel.filter((_: unknown, i: number) => i % 2 === 1 || i > 7), ...mfcc].map(({ signal, options }) => {
    const { sampleRate, values } = signals[signal];
    return {
      name: `${signal} ${JSON.stringify(options)}`,
      sound: floats(values),
      spec: frontEndOf(sampleRate, floats(values).length, options),
    };
  });
  for (const { name, sound, spec } of cases)
    it(name, async () => {
      const preprocess = preprocessOf({ ...spec, level: 'peak' });
      const sounds = twoSounds(sound);
      const stored = { type: 'float32' as const, shape: [2, sound.length], data: sounds };
      const expected = applyPreprocess(stored, preprocess).data as Float32Array;
      for (const form of FORMS) {
        if (form.operators === 'signal' && !Number.isInteger(Math.log2(spec.nFft))) {
          assert.throws(() => withFrontEnd(identity(preprocess), preprocess, form), OptionError);
          continue;
        }
        const found = await featuresInGraph(preprocess, form, sounds);
        assert.equal(found.length, expected.length);
        const error = relativeError(found, expected);
        assert.ok(error < 1e-4, `${JSON.stringify(form)}: ${error}`);
      }
    });
});

it('a model with its front end computed on loading is small, takes sounds, and scores them as before', async () => {
  const prepare: FrontEnd = { kind: 'log-mel', sampleRate: 8000, samples: 8000, nFft: 256, hop: 160, nMels: 32, fMin: 20 };
  const preprocess: Preprocess = { ...preprocessOf(prepare), mean: [-6], std: [3] };
  const model = architecture('ds-cnn').build({ input: [1, 51, 32], classes: 10, width: 0.25, seed: 3 });
  const random = new Random(1);
  const data = Float32Array.from({ length: 3 * 8000 }, (_, i) => Math.sin(i * i * 1e-5) * 0.5 + 0.01 * random.normal());
  const features = applyPreprocess({ type: 'float32', shape: [3, 8000], data }, preprocess);
  const run = async (each: Model, feeds: Record<string, Tensor>) => {
    const program = await runtime.compile(each, { threads: 1 });
    const { scores } = await program.run(feeds);
    await program.dispose();
    return scores.toFloat32();
  };
  const expected = await run(model, { input: Tensor.of('float32', features.shape, features.data as Float32Array) });
  const bare = encodeModel(minifyModel(model)).byteLength;
  const sizes = new Map<string, number>();
  for (const form of FORMS) {
    const shipped = minifyModel(withFrontEnd(model, preprocess, form).model);
    assert.ok(
      relativeError(await run(shipped, { sound: Tensor.of('float32', [3, 8000], data.slice()) }), expected) < 1e-4,
      JSON.stringify(form),
    );
    sizes.set(`${form.operators} ${form.tables}`, encodeModel(shipped).byteLength - bare);
  }
  console.log('bytes of the front end:', JSON.stringify(Object.fromEntries(sizes)));
  assert.ok((sizes.get('plain computed') as number) < 3000);
  assert.ok((sizes.get('plain stored') as number) > 250_000);
});

it('WebAssembly computes the same from the same file, in every form', async () => {
  const prepare: FrontEnd = {
    kind: 'mfcc',
    sampleRate: 8000,
    samples: 2000,
    nFft: 256,
    winLength: 200,
    hop: 100,
    nMels: 32,
    nMfcc: 13,
    level: 'peak',
  };
  const preprocess = preprocessOf({ ...prepare, logarithm: 'decibels', topDb: 80, norm: 'slaney' });
  for (const form of FORMS) {
    const model = encodeModel(withFrontEnd(identity(preprocess), preprocess, form).model);
    const sound = Tensor.of('float32', [2, 2000], twoSounds(floats(signals['chirp 8 kHz'].values)).slice(0, 4000));
    const { status, detail } = await checkOnWeb(model, { sound }, { tolerance: 1e-4 });
    assert.equal(status, 'agrees', detail);
  }
});

it('refuses models whose samples were prepared in another way', () => {
  const image: Preprocess = { layout: 'NCHW', channels: 'gray', shape: [1, 26, 20] };
  assert.throws(() => withFrontEnd(identity(image), image), OptionError);
});
