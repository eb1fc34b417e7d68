// --max-latency: as many layers stay in float as the time allows, by what each takes and by the noise that it makes.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { layersWithinTime } from 'espalier/compression/quantization/node';
import { compareLatency } from 'espalier/infrastructure/hardware/node';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { nodesOf } from 'espalier/onnx';
import { loadModel, saveModel } from 'espalier/onnx/node';
import { tooShort } from '#dist/compression/quantization/node/within-time.js';
import { madeModel, taskOf } from '../compression/quantization/models.js';
import { npy } from '../support/npy.js';
import { espalier } from './run.js';

const runtime = createNodeRuntime({ threads: 1 });
const folder = mkdtempSync(join(tmpdir(), 'espalier-latency-'));
const at = (name: string) => join(folder, name);
const shape = [64, 24, 24];

/** Four convolutions of one size. */
const net = () =>
  madeModel(shape, (build, x, weights) => {
    let value = x;
    for (let i = 0; i < 4; i++)
      value = build.op('Relu', [build.op('Conv', [value, weights([64, 64, 3, 3], 0.06)], { pads: [1, 1, 1, 1] })]);
    return build.op('GlobalAveragePool', [value]);
  });

before(() => {
  process.env.ESPALIER_CACHE = at('cache');
  mkdirSync(at('cache'));
});
after(async () => {
  await runtime.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const asked = (budget: number) =>
  layersWithinTime({ model: net(), task: taskOf(net(), shape), runtime, inputShapes: { x: [1, ...shape] }, folder: at('table'), budget });

test('the longer a run may last, the more stays in float; what cannot be kept, or is kept anyway, is said', async (t) => {
  const [{ p50: float }] = await compareLatency(runtime, [net(), net()]);
  await assert.rejects(asked(float * 100), /keeps that time as it is/);
  await assert.rejects(asked(float / 1000), /(too short|not faster than floats here).*ms in float/s);
  const found = await asked(float * 0.7).catch((error: Error) => error);
  if (found instanceof Error) {
    // On a processor without fast integers there is nothing to choose.
    assert.match(found.message, /too short|keeps that time|not faster than floats here/);
    return t.skip('integers are not fast enough on this machine');
  }
  assert.ok(found.after <= float * 0.7 && found.exact);
  assert.ok(found.float.length < 4);
});

test('more time is not advised where integers take more than floats', () => {
  const slower = tooShort({ least: 2, before: 1.5, budget: 1, threads: 1 });
  assert.match(
    slower.message,
    /^Integers are not faster than floats here: the shortest time is 2\.00 ms, and 1\.50 ms in float, with 1 thread/,
  );
  assert.doesNotMatch(slower.message, /more time/);
  assert.match(
    tooShort({ least: 1.2, before: 1.5, budget: 1, threads: 2 }).message,
    /^The time is too short\. Expected 1\.20 ms or more with 2 threads/,
  );
});

test('the command writes a file with the chosen layers in float, or says why there is none', async () => {
  await saveModel(net(), at('net.onnx'));
  const part = await taskOf(net(), shape).splits.train.read(Int32Array.from({ length: 64 }, (_, i) => i));
  writeFileSync(at('x.npy'), npy([64, ...shape], part.inputs.x.data as Float32Array));
  const run = (time: string, out: string) =>
    espalier(`quantize net.onnx --input x=x.npy --threads 1 --max-latency ${time} -o ${out}`.split(' '), { cwd: folder });
  const late = await run('0.0001ms', 'no.onnx');
  assert.match(late.stderr, /too short|not faster than floats here/);
  assert.ok(late.code !== 0 && !existsSync(at('no.onnx')));
  const source = { path: at('net.onnx') };
  const [{ p50 }] = await compareLatency(runtime, [source, source]);
  const made = await run(`${(0.7 * p50).toFixed(4)}ms`, 'yes.onnx');
  if (made.code !== 0) return assert.match(made.stderr, /too short|not faster than floats here|keeps that time|is the limit/);
  const ops = nodesOf(loadModel(at('yes.onnx')).graph).map(({ op }) => op);
  assert.ok(ops.includes('QuantizeLinear'));
});
