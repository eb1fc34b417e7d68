import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { Random } from 'espalier/base';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { Tensor } from 'espalier/onnx';
import {
  type LoweredGraph,
  lowerGraph,
  planMemory,
  prepare,
  type Schedule,
  structureOf,
  type TiledKind,
  type Tiling,
  tilingParts,
  tilingSpaces,
  tilingsAlong,
  tilingsOf,
  usualSchedule,
} from '#dist/infrastructure/codegen/index.js';
import { wasmModule, wasmSchedule } from '#dist/infrastructure/targets/wasm/index.js';
import { buildNative, runNative, withoutCompiler } from '../../support/native.js';
import { runBytes } from '../targets/wasm/compared.js';
import { tiledVariants } from './tiled-variants.js';
import { modelOf, type Variant } from './variants.js';

const kinds = Object.keys(tilingSpaces) as TiledKind[];
const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

interface Candidates {
  /** The usual one, then every other that a kind's space makes of it. */
  readonly programs: readonly LoweredGraph[];
  readonly inputs: readonly Uint8Array[];
}

/** Programs of different structure that tilings of operators of one kind make. */
async function candidatesOf(
  kind: TiledKind,
  variant: Variant,
  schedule: Partial<Schedule>,
  tilings: readonly Tiling[],
): Promise<Candidates> {
  const random = new Random(7);
  const ready = await prepare(modelOf(variant, random), { runtime });
  const usual = lowerGraph(ready, schedule);
  const nodes = usual.tiled.filter((each) => each.kind === kind).map(({ node }) => node);
  assert.ok(nodes.length > 0, `${variant.name} has a kernel of the kind "${kind}"`);
  const programs = new Map([[structureOf(usual.kernels), usual]]);
  for (const tiling of tilings) {
    const lowered = lowerGraph(ready, schedule, new Map(nodes.map((node) => [node, tiling])));
    programs.set(structureOf(lowered.kernels), programs.get(structureOf(lowered.kernels)) ?? lowered);
  }
  assert.ok(programs.size > 1, `${variant.name} can be computed in several ways`);
  const inputs = usual.inputs.map(({ dtype, shape }) => {
    const draw = () => (/float/.test(dtype) ? random.normal() : random.integer(dtype === 'uint8' ? 256 : 128));
    const size = shape.reduce((all, each) => all * each, 1);
    return Tensor.from(dtype, shape, Float64Array.from({ length: size }, draw)).bytes();
  });
  return { programs: [...programs.values()], inputs };
}

/** Every value of each part of a tiling, beside the usual ones or beside others: sanitizers take their time. */
function coverOf(kind: TiledKind, beside: 'usual' | 'others'): Tiling[] {
  const { rows, order, unroll } = tilingSpaces[kind];
  const others: Tiling = { rows: rows.at(2) ?? 1, lanes: 12, order: order[order.length - 1], unroll: unroll.at(1) ?? 1 };
  const from = beside === 'usual' ? usualSchedule[kind] : others;
  return [from, ...tilingParts.flatMap((part) => tilingsAlong(kind, from, part))];
}

const bytes = (outputs: readonly Uint8Array[]) => outputs.map((each) => Buffer.from(each).toString('hex'));

for (const kind of kinds) {
  describe(`every tiling of the kind "${kind}" gives the answers of the usual one, to the last bit`, () => {
    test('as C, under sanitizers', { skip: withoutCompiler() }, async (context) => {
      for (const [place, variant] of tiledVariants[kind].entries()) {
        const { programs, inputs } = await candidatesOf(kind, variant, {}, coverOf(kind, place === 0 ? 'usual' : 'others'));
        const work = mkdtempSync(join(tmpdir(), 'espalier-tilings-'));
        try {
          const built = await buildNative(programs, work);
          assert.deepEqual([...built.rejected.values()], []);
          const [usual, ...others] = programs.map((program, index) => bytes(runNative(built, index, program, inputs)));
          for (const [index, other] of others.entries()) assert.deepEqual(other, usual, `${variant.name}: ${told(programs[index + 1])}`);
          context.diagnostic(`${variant.name}: ${programs.length} programs`);
        } finally {
          rmSync(work, { recursive: true, force: true });
        }
      }
    });

    test('as WebAssembly', async () => {
      for (const variant of tiledVariants[kind]) {
        const { programs, inputs } = await candidatesOf(kind, variant, wasmSchedule, tilingsOf(kind));
        const [usual, ...others] = programs.map((program) => bytes(runBytes(wasmModule(program, planMemory(program.kernels)), inputs)));
        for (const [index, other] of others.entries()) assert.deepEqual(other, usual, `${variant.name}: ${told(programs[index + 1])}`);
      }
    });
  });
}

const told = ({ tiled }: LoweredGraph) => JSON.stringify(tiled.map(({ tiling }) => tiling));

test('a structure is that of sizes and types: weights, scales and zero points do not count', async () => {
  const layer = (size: number, scale: number) =>
    structureFor({
      name: 'layer',
      build: (build, draw) => {
        const grid = [build.constant(Tensor.from('float32', [], [scale])), build.constant(Tensor.from('uint8', [], [100 * scale]))];
        const weights = [build.constant(Tensor.from('int8', [4, 3, 3, 3], new Array(108).fill(100 * scale))), draw([])];
        const input = build.input('x', 'uint8', [1, 3, size, size]);
        const read = build.op('DequantizeLinear', [input, ...grid]);
        const sum = build.op('Conv', [read, build.op('DequantizeLinear', weights)]);
        return [build.op('QuantizeLinear', [sum, ...grid])];
      },
    });
  assert.equal(await layer(6, 0.5), await layer(6, 0.25));
  assert.notEqual(await layer(6, 0.5), await layer(7, 0.5));
});

async function structureFor(variant: Variant): Promise<string> {
  return structureOf(lowerGraph(await prepare(modelOf(variant, new Random(1)), { runtime })).kernels);
}
