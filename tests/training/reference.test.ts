import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Runtime } from 'espalier/infrastructure/runtime';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { evaluate, Reference } from 'espalier/training';
import { madeModel, taskOf } from '../compression/quantization/models.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

const shape = [4];
const dense = (scale: number) => madeModel(shape, (build, x, weights) => build.op('MatMul', [x, weights([4, 3], scale)]));

test('a reference is run once for each batch, however many models are compared with it, and the scores are the same', async () => {
  const task = taskOf(dense(1), shape);
  let runs = 0;
  const counting: Runtime = {
    name: runtime.name,
    dispose: () => runtime.dispose(),
    compile: async (model, options) => {
      const program = await runtime.compile(model, options);
      const run = program.run.bind(program);
      program.run = (...given) => {
        runs++;
        return run(...given);
      };
      return program;
    },
  };
  const reference = await Reference.of(task, counting);
  assert.ok(reference);
  const others = [dense(0.9), dense(1.1), dense(1)];
  const scores: number[] = [];
  for (const other of others) scores.push((await evaluate(other, task, runtime, { reference, batchSize: 16 })).value);
  await reference.dispose();
  assert.equal(runs, Math.ceil(task.splits.validation.size / 16));
  const wanted: number[] = [];
  for (const other of others) wanted.push((await evaluate(other, task, runtime, { batchSize: 16 })).value);
  assert.deepEqual(scores, wanted);
  assert.equal(scores[2], 1);
  assert.ok(scores[0] < 1 && scores[1] < 1);
});
