import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { quantizeStatic } from 'espalier/compression/quantization';
import { arrayDataset, classTargets, type Dataset } from 'espalier/data';
import { diff, fidelityOnMadeUpInputs } from 'espalier/diagnosis';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { copyModel, type Model, Tensor } from 'espalier/onnx';
import { diffSummary } from 'espalier/report/info';
import { diffHtml } from 'espalier/report/render';
import { fidelity, multiLabel, regression, type Task, train } from 'espalier/training';
import { clusters, empty, modelOf, plainTask, weight } from '../training/support.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

const LAYERS = ['first', 'second', 'third', 'scores'];
const tested = clusters({ size: 300, seed: 2, spread: 1.5 });
const task = plainTask({ train: clusters({ size: 300 }), calibration: clusters({ size: 60, seed: 3 }), test: tested });

/** Four dense layers, each of which gives the value of its name. */
function perceptron(): Model {
  return modelOf([6], (build, x) => {
    let h = x;
    for (const [i, name] of LAYERS.entries()) {
      const outputs = name === 'scores' ? 3 : 12;
      const parameters = [weight(build, `${name}.weight`, [i === 0 ? 6 : 12, outputs]), weight(build, `${name}.bias`, [outputs], 0.1)];
      h = build.op('Gemm', [h, ...parameters]);
      if (name === 'scores') return h;
      h.name = name;
      h = build.op('Relu', [h]);
    }
    return h;
  });
}

let model: Model;
let int8: Model;
before(async () => {
  ({ model } = await train({ model: perceptron(), task, runtime, options: { epochs: 5, batchSize: 20, learningRate: 0.01 } }));
  ({ model: int8 } = await quantizeStatic(model, task, runtime, { threads: 1 }));
});

/** The quantized model with one layer's weights at a few levels only. */
function coarse(layer: string): Model {
  const damaged = copyModel(int8);
  const value = [...damaged.graph.initializers].find(({ name }) => name === `${layer}.weight_quantized`);
  assert.ok(value?.initializer);
  const { dtype, shape } = value.initializer;
  const rounded = Array.from(value.initializer.toFloat32(), (level) => Math.max(-128, Math.min(64, 64 * Math.round(level / 64))));
  value.initializer = Tensor.from(dtype, shape, rounded);
  return damaged;
}

const compared = (other: Model, options: { most?: number; of?: Task } = {}) =>
  diff({
    before: { name: 'net.onnx', model },
    after: { name: 'other.onnx', model: other },
    task: options.of ?? task,
    runtime,
    most: options.most,
  });

/** Probabilities of the whole test part, by a run of the model and a softmax in plain numbers. */
async function probabilities(of: Model): Promise<number[][]> {
  const { inputs } = await tested.read(Int32Array.from({ length: tested.size }, (_, i) => i));
  const program = await runtime.compile(of);
  const { scores } = await program.run({ x: Tensor.of('float32', inputs.x.shape, inputs.x.data as Float32Array) });
  await program.dispose();
  const numbers = scores.toFloat32();
  return Array.from({ length: tested.size }, (_, row) => {
    const powers = Array.from(numbers.subarray(3 * row, 3 * row + 3), Math.exp);
    const sum = powers.reduce((a, b) => a + b, 0);
    return powers.map((power) => power / sum);
  });
}

test('a model and itself: no answer changes, no layer differs', async () => {
  const { changed, samples, worst, classes, quality, layers } = await compared(copyModel(model));
  assert.deepEqual([changed, samples, worst], [0, 300, []]);
  assert.equal(quality.before.value, quality.after.value);
  assert.deepEqual([quality.after.agreement?.measure, quality.after.agreement?.value], ['share', 1]);
  assert.deepEqual(
    classes.map(({ name, samples: count, lost, gained, other }) => [name, count, lost, gained, other]),
    [
      ['class 0', 100, 0, 0, 0],
      ['class 1', 100, 0, 0, 0],
      ['class 2', 100, 0, 0, 0],
    ],
  );
  assert.ok(layers.length > 0 && layers.every(({ error, share, samples: moved }) => error === 0 && share === 0 && moved === 0));
});

test('a model of an opset without Where is compared layer by layer as well', async () => {
  const old = copyModel(model);
  old.opsets.set('', 8);
  const { layers, changed } = await diff({
    before: { name: 'old.onnx', model: old },
    after: { name: 'other.onnx', model: coarse('second') },
    task,
    runtime,
  });
  assert.ok((changed ?? 0) > 0);
  assert.equal(layers[0]?.value, 'second');
});

test('answers that are judged together are not said to be the same, sample by sample', async () => {
  const of = { ...task, ...fidelity({ reference: model, outputs: ['scores'] }) };
  const info = await compared(coarse('second'), { of });
  assert.ok(info.quality.after.value < info.quality.before.value);
  assert.equal(info.changed, undefined);
  assert.ok(info.layers[0].share > 0 && info.layers.every(({ samples }) => samples === undefined));
  assert.match(diffSummary(info).join(' '), /300 samples were compared together, not one by one/);
  assert.doesNotMatch(`${diffSummary(info)} ${diffHtml(info)}`, /answered differently/);
});

test('a value that keeps its name and not its scale is no layer that is behind the change', async () => {
  const other = copyModel(model);
  const change = (name: string, to: (weight: number) => number) => {
    const value = [...other.graph.initializers].find((each) => each.name === name);
    assert.ok(value?.initializer);
    value.initializer = Tensor.from('float32', value.initializer.shape, Array.from(value.initializer.toFloat32(), to));
  };
  for (const name of ['first.weight', 'first.bias']) change(name, (each) => 100 * each);
  change('second.weight', (each) => each / 100);
  change('third.weight', (each) => Math.round(2 * each) / 2);
  const { layers, changed } = await compared(other);
  assert.ok((changed ?? 0) > 0);
  assert.equal(layers[0].value, 'third');
  assert.ok(!layers.some(({ value }) => value === 'first') && layers.every(({ share }) => share <= 10), JSON.stringify(layers));
});

test('samples that changed are those of two runs by hand, the ones that lost most of the right answer first', async () => {
  const damaged = coarse('second');
  const info = await compared(damaged, { most: 1000 });
  const [was, is] = [await probabilities(model), await probabilities(damaged)];
  assert.ok(tested.targets?.kind === 'class');
  const right = tested.targets.values;
  const largest = (row: readonly number[]) => row.indexOf(Math.max(...row));
  const expected = [...right.keys()].filter((i) => largest(was[i]) !== largest(is[i]));
  assert.ok(expected.length > 5, `${expected.length} changed`);
  assert.equal(info.changed, expected.length);
  assert.deepEqual(
    info.worst.map(({ index }) => index).sort((a, b) => a - b),
    expected,
  );
  for (const { index, target, before, after, kind, harm } of info.worst) {
    const [a, b] = [largest(was[index]), largest(is[index])];
    assert.equal(target, `class ${right[index]}`);
    assert.ok(before.startsWith(`class ${a} (`) && after.startsWith(`class ${b} (`), `${before}, ${after}`);
    assert.equal(kind, a === right[index] ? 'lost' : b === right[index] ? 'gained' : 'other');
    assert.ok(Math.abs(harm - (was[index][right[index]] - is[index][right[index]])) < 1e-4);
  }
  const lost = info.worst.filter(({ kind }) => kind === 'lost');
  assert.ok(lost.length > 0);
  assert.deepEqual(info.worst.slice(0, lost.length), lost);
  for (const [i, { harm }] of lost.entries()) assert.ok(i === 0 || harm <= lost[i - 1].harm);
  const gained = info.worst.filter(({ kind }) => kind === 'gained').length;
  const { before: first, after: second } = info.quality;
  assert.equal(Math.round(300 * (second.value - first.value)), gained - lost.length);
  const sum = (field: 'lost' | 'gained' | 'samples') => info.classes.reduce((total, each) => total + each[field], 0);
  assert.deepEqual([sum('lost'), sum('gained'), sum('samples')], [lost.length, gained, 300]);
  assert.deepEqual((await compared(damaged, { most: 2 })).worst, info.worst.slice(0, 2));
});

test('the layer whose weights were quantized badly is named first, whichever it is', async () => {
  const fine = await compared(int8);
  assert.ok(fine.layers.every(({ share, error }) => Number.isFinite(share) && error < 0.05));
  for (const layer of LAYERS) {
    const { layers, changed, layersNote } = await compared(coarse(layer));
    assert.ok((changed ?? 0) > 0, layer);
    assert.equal(layers[0].value, layer);
    assert.equal(layers[0].op, 'Gemm');
    assert.ok(layers[0].share > 0.5 && layers[0].share > 2 * layers[1].share, JSON.stringify(layers));
    assert.ok((layers[0].samples ?? 0) > (layers[1].samples ?? 0), JSON.stringify(layers));
    assert.match(layersNote, /changed samples/);
  }
});

test('models with no inner value in common are compared by their answers alone, and it is said', async () => {
  const other = modelOf([6], (build, x) => {
    const hidden = build.op('Relu', [build.op('Gemm', [x, weight(build, 'a', [6, 5])])]);
    hidden.name = 'another';
    return build.op('Add', [build.op('MatMul', [hidden, weight(build, 'b', [5, 3])]), weight(build, 'c', [3])]);
  });
  const { layers, layersNote, changed } = await compared(other);
  assert.ok((changed ?? 0) > 0);
  // The scores alone are of one name: whatever changes is their doing.
  assert.deepEqual(
    layers.map(({ value }) => value),
    layers.length > 0 ? ['scores'] : [],
  );
  assert.ok(layersNote.length > 0);
});

const vectors = (targets: NonNullable<Dataset['targets']>, values: readonly number[]): Dataset =>
  arrayDataset({
    name: 'vectors',
    inputs: { x: { type: 'float32', shape: [values.length / 2, 2], data: Float32Array.from(values) } },
    targets,
  });

/** The inputs times numbers of one's own. */
const scaled = (...factors: number[]) =>
  modelOf([2], (build, x) => build.op('Mul', [x, build.parameter('factors', Tensor.from('float32', [2], factors))]));

const ofGoal = (goal: Omit<Task, 'name' | 'splits' | 'feeds'>, dataset: Dataset): Task => ({
  ...plainTask({ train: dataset, test: dataset }),
  ...goal,
});

test('numbers: what moved by a tenth of the deviation of the targets is another answer, better or worse', async () => {
  // Columns deviate by 1 and by 10; the first model is right everywhere.
  const values = [1, 10, -1, -10, 1, 10, -1, -10];
  const dataset = vectors({ kind: 'numbers', columns: ['u', 'v'], values: Float32Array.from(values) }, values);
  const of = ofGoal(regression({ outputs: ['scores'], columns: ['u', 'v'], train: dataset }), dataset);
  const request = (a: Model, b: Model) => diff({ before: { name: 'a', model: a }, after: { name: 'b', model: b }, task: of, runtime });
  assert.equal((await request(scaled(1, 1), scaled(1.05, 0.95))).changed, 0);
  const worse = await request(scaled(1, 1), scaled(1, 1.5));
  assert.equal(worse.changed, 4);
  const [{ kind, target, before, after, harm }] = worse.worst;
  assert.deepEqual([kind, target, before, after], ['lost', '1, 10', '1, 10', '1, 15']);
  assert.ok(Math.abs(harm - 0.5) < 1e-6, `${harm}`);
  const better = await request(scaled(1, 1.5), scaled(1, 1));
  assert.deepEqual([better.changed, better.worst[0].kind], [4, 'gained']);
  assert.ok(Math.abs(better.worst[0].harm + 0.5) < 1e-6);
  // What one column gains is not outweighed by the little that another loses, nor is an error as large as before a gain.
  const mixed = await request(scaled(1, 2), scaled(1.01, 1));
  assert.deepEqual([mixed.worst[0].kind, mixed.worst[0].harm], ['gained', -1]);
  const other = await request(scaled(1, 1.5), scaled(1, 0.5));
  assert.deepEqual([other.worst[0].kind, other.worst[0].harm], ['other', 0]);
  assert.deepEqual(worse.classes, []);
});

test('labels: the names of all that apply, before and after', async () => {
  const dataset = vectors({ kind: 'labels', classes: ['sea', 'sky'], values: Uint8Array.of(1, 1, 0, 1) }, [2, 3, -2, 1]);
  const of = ofGoal(multiLabel({ output: 'scores', classes: ['sea', 'sky'] }), dataset);
  const found = await diff({ before: { name: 'a', model: scaled(1, 1) }, after: { name: 'b', model: scaled(1, -1) }, task: of, runtime });
  assert.equal(found.changed, 2);
  assert.deepEqual(
    found.worst.map(({ index, target, before, after, kind }) => [index, target, before, after, kind]),
    [
      [0, 'sea, sky', 'sea, sky', 'sea', 'lost'],
      [1, 'sky', 'sky', 'none', 'lost'],
    ],
  );
});

test('a model of a fixed batch size is compared without its layers, which is said', async () => {
  const fixed = copyModel(int8);
  fixed.graph.inputs[0].type = { kind: 'tensor', dtype: 'float32', shape: [7, 6] };
  fixed.graph.outputs[0].type = { kind: 'tensor', dtype: 'float32', shape: [7, 3] };
  const { samples, layers, layersNote, quality } = await compared(fixed);
  assert.deepEqual([samples, layers], [300, []]);
  assert.match(layersNote, /batch size is fixed/);
  assert.equal(quality.after.value, (await compared(int8)).quality.after.value);
});

test('without data, made-up inputs tell a model that follows the first one from a broken one, and one that does not run', async () => {
  const measured = async (after: Model) => fidelityOnMadeUpInputs({ before: model, after, runtime });
  const [same, good, broken] = [await measured(copyModel(model)), await measured(int8), await measured(coarse('first'))];
  assert.ok(typeof same !== 'string' && typeof good !== 'string' && typeof broken !== 'string');
  assert.equal(same.details.maxDifference, 0);
  assert.ok(good.value > 0.9 && broken.value < good.value - 0.1, `${good.value} ${broken.value}`);
  const other = modelOf([5], (build, x) => build.op('MatMul', [x, weight(build, 'w', [5, 3])]));
  const refusal = await measured(other);
  assert.ok(typeof refusal === 'string');
  assert.match(refusal, /^It could not be run on made-up inputs: /);
});

test('made-up inputs that cannot be others are counted once', async () => {
  // Nothing says what these integers mean: they are all 1.
  const counts = modelOf([6], (build, x) => build.op('MatMul', [build.op('Cast', [x], { to: 1 }), weight(build, 'w', [6, 3])]));
  counts.graph.inputs[0].type = { kind: 'tensor', dtype: 'int64', shape: [1, 6] };
  const found = await fidelityOnMadeUpInputs({ before: counts, after: copyModel(counts), runtime });
  assert.ok(typeof found !== 'string', String(found));
  assert.equal(found.samples, 1);
});

test('a part without samples is refused', async () => {
  const nothing = { ...task, splits: { ...task.splits, test: empty(tested) } };
  await assert.rejects(compared(int8, { of: nothing }), /test part is empty/);
  const labelled = classTargets(Int32Array.of(0), ['class 0', 'class 1', 'class 2']);
  const wide = arrayDataset({
    name: 'wide',
    inputs: { x: { type: 'float32', shape: [1, 6], data: new Float32Array(6) } },
    targets: labelled,
  });
  assert.equal((await compared(int8, { of: { ...task, splits: { ...task.splits, test: wide } } })).samples, 1);
});
