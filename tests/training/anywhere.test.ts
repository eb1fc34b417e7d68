import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Backend, NodeTiming } from 'espalier/infrastructure/runtime';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { skipWithoutChromium, useBrowser } from '../support/browser/index.js';
import { runWithSwiftShader, skipWithoutSwiftShader } from '../support/swiftshader.js';
import { elsewhere } from './layer-kinds.js';
import { type Training, trainSmallCnn } from './small-cnn.js';

/**
 * Relative to the loss, and to the largest weight of a tensor. Each backend adds up in an order of its own, which rounds otherwise in the seventh
 * digit, and Adam, who divides by the gradient's size, lets that grow from step to step: 36 steps end within 1e-6. A gradient that is wrong on
 * one backend shows in the first or second digit.
 */
const TOLERANCE = 1e-4;

let native: Training;
before(async () => {
  const runtime = createNodeRuntime({ threads: 2 });
  native = await trainSmallCnn(runtime);
  await runtime.dispose();
});

/** @returns the largest difference of a loss, relative to it. */
function assertAgrees(other: Training): number {
  assert.equal(other.losses.length, 36);
  let largest = 0;
  native.losses.forEach((loss, step) => {
    const difference = Math.abs(other.losses[step] - loss) / loss;
    largest = Math.max(largest, difference);
    assert.ok(difference <= TOLERANCE, `loss of step ${step + 1}: ${other.losses[step]} instead of ${loss}`);
  });
  assert.deepEqual(Object.keys(other.weights), Object.keys(native.weights));
  for (const [name, numbers] of Object.entries(native.weights)) {
    const scale = Math.max(...numbers.map(Math.abs));
    numbers.forEach((number, index) => {
      const got = other.weights[name][index];
      assert.ok(Math.abs(got - number) <= TOLERANCE * scale, `${name}[${index}]: ${got} instead of ${number}`);
    });
  }
  // One of the hundred images may lie so close to the border between two classes that rounding decides.
  other.qualities.forEach((quality, epoch) => {
    assert.ok(Math.abs(quality - native.qualities[epoch]) <= 0.011, `${quality} instead of ${native.qualities[epoch]}`);
  });
  return largest;
}

const said = (difference: number) => `largest difference of a loss: ${difference.toExponential(1)} of it`;

test('the small network learns on the processor', () => {
  const [first, last] = [native.losses[0], native.losses.at(-1) as number];
  assert.ok(last < 0.6 * first, `the loss went from ${first} to ${last} only`);
  assert.ok((native.qualities.at(-1) as number) >= 0.6, `${native.qualities} where one in four is chance`);
});

/** Trains on WebGPU in a process of its own, recording what ran where. */
const script = `
  import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
  import { trainSmallCnn } from './build/tests/training/small-cnn.js';
  const runtime = createNodeRuntime({ threads: 1 });
  const timings = [];
  const recording = {
    ...runtime,
    compile: async (model, options) => {
      if (!options.resident) return runtime.compile(model, options);
      const program = await runtime.compile(model, { ...options, profile: true });
      const dispose = program.dispose.bind(program);
      program.dispose = async () => {
        timings.push(...await program.profile());
        await dispose();
      };
      return program;
    },
  };
  const training = await trainSmallCnn(recording, 'webgpu');
  await runtime.dispose();
  console.log(JSON.stringify({ training, timings }));`;

test('in Node on WebGPU the loss curve is that of the processor, to which no operator falls back', {
  skip: skipWithoutSwiftShader,
}, async (t) => {
  const { training, timings } = JSON.parse(await runWithSwiftShader(script)) as { training: Training; timings: NodeTiming[] };
  t.diagnostic(said(assertAgrees(training)));
  assert.deepEqual(elsewhere(timings), []);
  const ran = new Set(timings.map(({ op }) => op));
  for (const op of ['Conv', 'Gemm', 'MaxPool', 'ReduceSum']) assert.ok(ran.has(op), op);
});

describe('in a page', { skip: skipWithoutChromium }, () => {
  const browser = useBrowser();

  const ways: readonly [backend: Backend, threads: number][] = [
    ['wasm', 1],
    ['wasm', 2],
    ['webgpu', 1],
  ];
  for (const [backend, threads] of ways) {
    test(`the loss curve on ${backend} with ${threads} thread(s) is that of Node's processor`, async (t) => {
      const { page, problems } = await browser.open('/isolated/');
      const training = await page.evaluate(
        async ([backend, threads]) => {
          const { createWebRuntime } = await import('espalier/infrastructure/runtime/web');
          const module = '/build/tests/training/small-cnn.js';
          const { trainSmallCnn } = (await import(module)) as typeof import('./small-cnn.js');
          const runtime = createWebRuntime({ threads });
          try {
            return await trainSmallCnn(runtime, backend);
          } finally {
            await runtime.dispose();
          }
        },
        [backend, threads] as const,
      );
      t.diagnostic(said(assertAgrees(training)));
      assert.deepEqual(problems, []);
      await page.close();
    });
  }
});
