import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { OptionError, Random } from 'espalier/base';
import { applyPreprocess, arrayDataset, classTargets } from 'espalier/data';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { addModality, createTask, type Modality, modalities, modalityOf, preprocessesFor, usualAugmentation } from 'espalier/modalities';
import { evaluate } from 'espalier/training';
import { sourceOf } from '../data/support.js';
import { modelOf } from '../training/support.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

/** Readings of an instrument of 12 bits, [channels]: nothing that the project knows of. */
const readings: Modality = {
  kind: 'readings',
  label: 'readings of an instrument',
  usesStatistics: false,
  preprocesses: ({ shape }, { shape: wanted }) =>
    wanted.at(-1) === shape[0]
      ? [
          { name: 'counts', layout: 'as-is', dtype: 'float32' },
          { name: 'volts', layout: 'as-is', scale: 10 / 4096, mean: [5], dtype: 'float32' },
        ]
      : [],
  augmentations: [],
  usualAugmentation: () => [{ name: 'mixup', alpha: 0.1 }],
  architectures: [],
  show: ({ data }) => ({ text: `${Array.from(data as Uint16Array, (count) => ((count * 10) / 4096 - 5).toFixed(2)).join(' V, ')} V` }),
};
addModality(readings);

const random = new Random('readings');
const data = Uint16Array.from({ length: 400 }, () => random.integer(4096));
// The class is which of two channels is the higher one.
const labels = Int32Array.from({ length: 200 }, (_, i) => Number(data[2 * i] > data[2 * i + 1]));
const train = arrayDataset({
  name: 'readings',
  inputs: { counts: { type: 'uint16', shape: [200, 2], data } },
  kinds: { counts: { kind: 'readings' } },
  targets: classTargets(labels, ['falling', 'rising']),
});

/** Right where its inputs are volts: counts saturate its tanh. */
const model = modelOf([2], (build, x) => {
  const bounded = build.op('Tanh', [build.op('Mul', [x, build.scalar(0.1)])]);
  const parts = [1, 0].map((from) => build.op('Slice', [bounded, build.ints([from]), build.ints([from + 1]), build.ints([1])]));
  return build.op('Concat', parts, { axis: 1 });
});

test('a kind of data that is added from outside is one like the others: listed, named, asked for its ways', () => {
  assert.equal(modalityOf('readings'), readings);
  assert.ok(modalities().includes(readings));
  const [spec] = train.inputs;
  assert.equal(spec.kind, 'readings');
  const ways = preprocessesFor(spec, { shape: ['N', 2] });
  assert.deepEqual(
    ways.map(({ name }) => name),
    ['counts', 'volts'],
  );
  assert.deepEqual(usualAugmentation(spec), [{ name: 'mixup', alpha: 0.1 }]);
  assert.throws(() => preprocessesFor(spec, { shape: ['N', 3] }), /do not fit the model.*readings of shape \[2\]/s);
  const sample = { type: 'uint16' as const, shape: [1, 2], data: Uint16Array.of(0, 4096) };
  assert.deepEqual([...applyPreprocess(sample, ways[1]).data], [-5, 5]);
  assert.equal(readings.show(sample, spec).text, '-5.00 V, 5.00 V');
});

test('createTask tries its ways on the model and takes the one that is right', async () => {
  const { task, tried, explanation } = await createTask(model, sourceOf(train), runtime);
  assert.equal(task.feeds[0].preprocess.name, 'volts', JSON.stringify(tried));
  assert.deepEqual(tried.map(({ name }) => name).sort(), ['counts', 'volts']);
  assert.match(explanation, /^Task: classification, 2 classes.*Preprocessing: volts, the best of 2/s);
  assert.equal((await evaluate(model, task, runtime, { split: 'test' })).value, 1);
  const named = await createTask(model, sourceOf(train), runtime, { preprocess: 'counts' });
  assert.equal(named.task.feeds[0].preprocess.name, 'counts');
});

test('a second one of the same kind is refused, and so is data of a kind that nobody added', async () => {
  assert.throws(() => addModality({ ...readings }), OptionError);
  assert.throws(
    () => modalityOf('smells'),
    (error) => error instanceof OptionError && /"smells".*image.*readings/s.test(error.message),
  );
  const unknown = arrayDataset({
    name: 'unknown',
    inputs: { x: { type: 'uint16', shape: [200, 2], data } },
    kinds: { x: { kind: 'smells' } },
    targets: classTargets(labels),
  });
  await assert.rejects(createTask(model, sourceOf(unknown), runtime), /no modality for "smells"/);
});
