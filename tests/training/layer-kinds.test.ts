import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runWithSwiftShader, skipWithoutSwiftShader } from '../support/swiftshader.js';
import type { LayerSteps } from './layer-kinds.js';

const script = `
  import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
  import { trainLayerKinds } from './build/tests/training/layer-kinds.js';
  const runtime = createNodeRuntime({ threads: 1 });
  const found = [await trainLayerKinds(runtime, 'cpu'), await trainLayerKinds(runtime, 'webgpu')];
  await runtime.dispose();
  console.log(JSON.stringify(found));`;

test('layers and optimizers of every kind learn on WebGPU as on the processor, which has no part in it', {
  skip: skipWithoutSwiftShader,
}, async () => {
  const [cpu, webgpu] = JSON.parse(await runWithSwiftShader(script)) as Record<string, LayerSteps>[];
  assert.equal(Object.keys(cpu).length, 16);
  for (const [kind, { state }] of Object.entries(cpu)) {
    assert.deepEqual(webgpu[kind].elsewhere, [], kind);
    for (const [name, numbers] of Object.entries(state)) {
      const scale = Math.max(...numbers.map(Math.abs));
      assert.ok(scale > 0, `${kind}: ${name}`);
      const difference = Math.max(...numbers.map((number, index) => Math.abs(number - webgpu[kind].state[name][index]))) / scale;
      // A step of float32 arithmetic in another order differs in the seventh digit; a kernel that is wrong, in the first.
      assert.ok(difference < 1e-5, `${kind}: ${name} is off by ${difference} of its largest`);
    }
  }
});
