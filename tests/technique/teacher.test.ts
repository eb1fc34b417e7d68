import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { architecture } from 'espalier/architectures';
import { openDataset } from 'espalier/data/node';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { createTask } from 'espalier/modalities';
import { betterTeacher } from 'espalier/technique';
import { train } from 'espalier/training';

const runtime = createNodeRuntime({ threads: 2 });
after(() => runtime.dispose());

const build = (width: number, classes = 10) => architecture('survey-cnn').build({ input: [1, 8, 8], classes, width, seed: 1 });

test('the better of the original and the model teaches, never an untrained one', async () => {
  const fresh = build(0.1);
  const { task } = await createTask(fresh, await openDataset('digits'), runtime, { preprocess: '0-1' });
  const { model: trained } = await train({ model: fresh, task, runtime, options: { epochs: 2, learningRate: 0.003, batchSize: 64 } });
  const context = { task, runtime, seed: 1 };
  assert.equal(await betterTeacher({ ...context, model: trained, original: fresh }), trained);
  assert.equal(await betterTeacher({ ...context, model: fresh, original: trained }), trained);
  assert.equal(await betterTeacher({ ...context, model: fresh }), fresh);
  assert.equal(await betterTeacher({ ...context, model: trained, original: build(0.1, 12) }), trained, 'an original of other outputs');
});
