import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { type Model, nodesOf, Tensor } from 'espalier/onnx';
import { type Lowered, lowerGraph, prepare } from '#dist/infrastructure/codegen/index.js';
import { families, quantized, sampleOf, tensorOf } from '../../../support/families.js';
import { type Core, cores, runEmulated, withoutEmulator } from '../../../support/microcontroller/emulate.js';
import { buildNative, type NativeProgram, runNative, withoutCompiler } from '../../../support/native.js';

const runtime = createNodeRuntime({ threads: 1 });
const folder = mkdtempSync(join(tmpdir(), 'espalier-families-'));
after(async () => {
  await runtime.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** Each family in floats, and in 8 bits where its inputs are numbers. */
const cases = families.flatMap((family) => [
  { ...family, title: family.name, bits: 32, model: async () => family.build() },
  ...(family.isText
    ? []
    : [{ ...family, title: `${family.name} in 8 bits`, bits: 8, model: () => quantized(family.build(), family.shape, runtime) }]),
]);

interface Ready {
  readonly model: Model;
  readonly lowered: Lowered;
  readonly inputs: readonly Tensor[];
}

const ready: Promise<Ready[]> = Promise.all(
  cases.map(async ({ model: make, shape, isText }) => {
    const model = await make();
    const lowered = lowerGraph(await prepare(model, { runtime }));
    return { model, lowered, inputs: [21, 22, 23].map((seed) => tensorOf(lowered, sampleOf(shape, isText, seed))) };
  }),
);

/** What an answer may differ by: a ten-thousandth of the largest in floats; in 8 bits one unit, in at most one of a thousand sums. */
async function assertAgrees({ model, lowered }: Ready, bits: number, input: Tensor, outputs: readonly Uint8Array[]): Promise<number> {
  const program = await runtime.compile(model);
  const wanted = await program.run({ [lowered.inputs[0].name]: Tensor.from(input.dtype, input.shape, input.numbers()) });
  await program.dispose();
  let units = 0;
  for (const [index, { name, dtype, shape }] of lowered.outputs.entries()) {
    const got = new Tensor(dtype, shape, outputs[index]).numbers();
    const expected = wanted[name].numbers();
    const largest = expected.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
    const limit = bits === 8 ? unitOf(model) * 1.001 : 1e-4 * largest;
    expected.forEach((each, i) => {
      assert.ok(Math.abs(each - got[i]) <= limit, `${name}[${i}] is ${got[i]}, ONNX Runtime says ${each}`);
      if (bits === 8 && Math.abs(each - got[i]) > unitOf(model) / 2) units++;
    });
  }
  return units;
}

/** The scale of the last integers: what an answer moves by where a sum between two integers is rounded to the other. */
function unitOf({ graph }: Model): number {
  const last = nodesOf(graph)
    .filter(({ op }) => op === 'DequantizeLinear')
    .at(-1);
  return last?.inputs[1]?.constant?.numbers()[0] ?? 0;
}

describe('families of architectures as C', { skip: withoutCompiler() }, () => {
  let program: Promise<NativeProgram> | undefined;
  const built = () =>
    (program ??= ready.then((all) =>
      buildNative(
        all.map(({ lowered }) => lowered),
        join(folder, 'native'),
      ),
    ));
  const off: number[] = [];
  for (const [index, { title, bits }] of cases.entries()) {
    test(`${title}: checked by sanitizers, as ONNX Runtime`, async () => {
      const each = (await ready)[index];
      const native = await built();
      assert.equal(native.rejected.get(index), undefined);
      for (const input of each.inputs)
        off.push(await assertAgrees(each, bits, input, runNative(native, index, each.lowered, [input.bytes()])));
    });
  }
  test('few answers of 8 bits are off by a unit', () => {
    assert.ok(off.reduce((sum, each) => sum + each, 0) <= 1, `${off}`);
  });
});

describe('families of architectures on emulated microcontrollers', { skip: withoutEmulator() }, () => {
  const names = Object.keys(cores) as Core[];
  for (const [place, core] of names.entries()) {
    for (const [index, { title, bits, name }] of cases.entries()) {
      // Each on one core, and the first on all: bench/places.mjs runs larger models on both.
      if (index > 0 && index % names.length !== place) continue;
      test(`${title} on ${core}, as ONNX Runtime`, async () => {
        const each = (await ready)[index];
        const [input] = each.inputs;
        const run = await runEmulated(each.lowered, [input.bytes()], { core, folder: join(folder, `${core}-${name}-${bits}`) });
        await assertAgrees(each, bits, input, run.outputs);
        assert.ok(run.instructions > 0);
      });
    }
  }
  for (const core of names) {
    test(`${cases[0].title} on ${core}, with its tensors in the memory outside the chip`, async () => {
      const [each] = await ready;
      const where = { core, memory: 'outer', folder: join(folder, `${core}-outer`) } as const;
      const { outputs } = await runEmulated(each.lowered, [each.inputs[0].bytes()], where);
      await assertAgrees(each, cases[0].bits, each.inputs[0], outputs);
    });
  }
});
