import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { quantize } from 'espalier/compression/quantization';
import { openDataset } from 'espalier/data/node';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { distill } from 'espalier/learning/distillation';
import { createTask } from 'espalier/modalities';
import { copyModel, Graph, type GraphBuilder, Model, SymbolicDim, Tensor, type Value } from 'espalier/onnx';
import { saveModel } from 'espalier/onnx/node';
import { inferShapes, typedBuilder } from 'espalier/ops';
import { checkOptions } from 'espalier/technique';
import { evaluate } from 'espalier/training';
import { espalier } from '../../cli/run.js';
import { detector } from './detector.js';
import { writeImages } from './images.js';

interface Truth {
  images: object[];
  categories: { name: string }[];
  annotations: { image_id: number; category_id: number }[];
}

const SIDE = 32;
const CELL = 8;
const CELLS = SIDE / CELL;
const PLACES = CELLS * CELLS;
type Form = 'pair' | 'background' | 'yolo' | 'yolo5' | 'rows' | 'selected' | 'tensorflow';

/** Finds squares of 8 by 8 that lie on the grid, by their colour. */
function colourDetector(form: Form): Model {
  const graph = new Graph('colours');
  const model = new Model(graph, 17);
  const build = typedBuilder(graph, model.opsets);
  const image = build.input('image', 'float32', [SymbolicDim.named('N'), 3, SIDE, SIDE]);
  const kernel = new Float32Array(2 * 3 * CELL * CELL);
  // Red minus green and green minus red, so that a gray bar is neither.
  for (const [to, from, sign] of [
    [0, 0, 1],
    [0, 1, -1],
    [1, 1, 1],
    [1, 0, -1],
  ])
    kernel.fill(sign / CELL ** 2, (to * 3 + from) * CELL ** 2, (to * 3 + from + 1) * CELL ** 2);
  const colours = build.op('Conv', [image, build.parameter('kernel', Tensor.of('float32', [2, 3, CELL, CELL], kernel))], {
    strides: [CELL, CELL],
    kernel_shape: [CELL, CELL],
  });
  const scores = build.op('Relu', [build.op('Reshape', [colours, build.ints([0, 2, PLACES])])]);
  write(build, form, scores);
  inferShapes(model);
  return model;
}

function write(build: GraphBuilder, form: Form, scores: Value): void {
  const all = (numbers: readonly number[], width: number) => {
    const constant = build.constant(Tensor.of('float32', [1, PLACES, width], Float32Array.from(numbers)));
    const zeros = build.op('Mul', [
      build.op('Slice', [build.op('Transpose', [scores], { perm: [0, 2, 1] }), build.ints([0]), build.ints([1]), build.ints([2])]),
      build.scalar(0),
    ]);
    return build.op('Add', [constant, zeros]);
  };
  const cells = Array.from({ length: PLACES }, (_, i) => [(i % CELLS) * CELL, Math.floor(i / CELLS) * CELL]);
  const corners = all(
    cells.flatMap(([x, y]) => [x, y, x + CELL, y + CELL]),
    4,
  );
  const centres = all(
    cells.flatMap(([x, y]) => [x + CELL / 2, y + CELL / 2, CELL, CELL]),
    4,
  );
  const byPlace = build.op('Transpose', [scores], { perm: [0, 2, 1] });
  const best = () => {
    const flat = build.op('Reshape', [scores, build.ints([0, 2 * PLACES])]);
    const [values, index] = build.node('TopK', [flat, build.ints([10])], { axis: 1 }, { outputs: 2 });
    const category = build.op('Cast', [build.op('Div', [index, build.ints([PLACES])])], { to: 1 });
    const place = build.op('Mod', [index, build.ints([PLACES])]);
    const at = build.op('Expand', [build.op('Unsqueeze', [place, build.ints([2])]), build.ints([1, 1, 4])]);
    return { values, category, boxes: build.op('GatherElements', [corners, at], { axis: 1 }) };
  };
  const column = (value: Value) => build.op('Unsqueeze', [value, build.ints([2])]);
  switch (form) {
    case 'pair':
      build.output(corners, 'boxes');
      build.output(byPlace, 'scores');
      return;
    case 'background':
      build.output(build.op('Mul', [corners, build.scalar(1 / SIDE)]), 'boxes');
      build.output(build.op('Concat', [all(new Array(PLACES).fill(0.9), 1), byPlace], { axis: 2 }), 'scores');
      return;
    case 'yolo':
      build.output(build.op('Concat', [build.op('Transpose', [centres], { perm: [0, 2, 1] }), scores], { axis: 1 }), 'output0');
      return;
    case 'yolo5':
      build.output(build.op('Concat', [centres, all(new Array(PLACES).fill(0.5), 1), byPlace], { axis: 2 }), 'output0');
      return;
    case 'rows': {
      const { values, category, boxes } = best();
      build.output(build.op('Concat', [boxes, column(values), column(category)], { axis: 2 }), 'output0');
      return;
    }
    case 'tensorflow': {
      const { values, category, boxes } = best();
      const yFirst = build.op('Gather', [build.op('Mul', [boxes, build.scalar(1 / SIDE)]), build.ints([1, 0, 3, 2])], { axis: 2 });
      build.output(yFirst, 'detection_boxes');
      // Ids 1 and 3.
      build.output(build.op('Add', [build.op('Mul', [category, build.scalar(2)]), build.scalar(1)]), 'detection_classes');
      build.output(values, 'detection_scores');
      return;
    }
    case 'selected': {
      const picks = build.op('NonMaxSuppression', [
        corners,
        scores,
        build.ints([20]),
        build.op('Reshape', [build.scalar(0.5), build.ints([1])]),
        build.op('Reshape', [build.scalar(0.1), build.ints([1])]),
      ]);
      const part = (i: number) => build.op('Gather', [picks, build.ints([i])], { axis: 1 });
      const number = (value: Value) => build.op('Cast', [value], { to: 1 });
      const found = build.op('GatherND', [corners, build.op('Concat', [part(0), part(2)], { axis: 1 })]);
      const sure = build.op('Reshape', [build.op('GatherND', [scores, picks]), build.ints([-1, 1])]);
      build.output(build.op('Concat', [number(part(0)), found, number(part(1)), sure], { axis: 1 }), 'output');
    }
  }
}

describe('boxes of COCO', () => {
  const runtime = createNodeRuntime();
  const folders: string[] = [];
  const folder = () => folders[folders.push(mkdtempSync(join(tmpdir(), 'espalier-boxes-'))) - 1];
  let squares = '';
  let mixed = '';
  before(async () => {
    squares = folder();
    mixed = folder();
    await writeImages(squares, [[SIDE, SIDE]]);
    await writeImages(
      mixed,
      [
        [64, 32],
        [32, 64],
      ],
      'labels.of.mine.json',
    );
  });
  after(async () => {
    await runtime.dispose();
    for (const each of folders) rmSync(each, { recursive: true, force: true });
  });

  const cacheDir = () => folder();
  for (const form of ['pair', 'background', 'yolo', 'yolo5', 'rows', 'selected', 'tensorflow'] as const)
    it(`a detector that finds everything has mAP 1, its outputs as ${form}`, async () => {
      const model = colourDetector(form);
      const source = await openDataset(squares, { cacheDir: cacheDir() });
      const { task } = await createTask(model, source, runtime, { preprocess: '0-1 NCHW RGB' });
      assert.equal(task.kind, 'detection');
      const quality = await evaluate(model, task, runtime, { split: 'train' });
      assert.equal(quality.metric, 'map');
      assert.ok(Math.abs(quality.value - 1) < 1e-6, `${quality.value}`);
      assert.ok(Math.abs(quality.details.map50 - 1) < 1e-6);
      await source.close();
    });

  it('folders of parts, each with its annotations as Roboflow exports them, are parts', async () => {
    const root = folder();
    for (const part of ['train', 'valid', 'test']) {
      mkdirSync(join(root, part));
      await writeImages(join(root, part), [[SIDE, SIDE]], '_annotations.coco.json');
    }
    // Every part counts from 0 and names its files alike. Roboflow heads the categories with one that has no boxes; a part may lack some.
    const change = (part: string, of: (truth: Truth) => Truth) => {
      const path = join(root, part, '_annotations.coco.json');
      writeFileSync(path, JSON.stringify(of(JSON.parse(readFileSync(path, 'utf8')))));
    };
    const headed = ({ categories, ...rest }: Truth) => ({
      ...rest,
      categories: [{ id: 0, name: 'squares', supercategory: 'none' }, ...categories.map((each) => ({ ...each, supercategory: 'squares' }))],
    });
    for (const part of ['train', 'valid', 'test']) change(part, headed);
    const onlyRed = (truth: Truth) => ({ ...truth, annotations: truth.annotations.filter(({ category_id }) => category_id === 1) });
    change('valid', onlyRed);
    change('test', (truth) => ({
      ...truth,
      images: truth.images.slice(0, 10),
      annotations: truth.annotations.filter(({ image_id }) => image_id < 10),
    }));
    const options = { cacheDir: cacheDir() };
    for (const time of ['decoded', 'remembered']) {
      const source = await openDataset(root, options);
      assert.deepEqual([source.train.size, source.validation?.size, source.test?.size], [40, 40, 10], time);
      const parts = [source.train, source.validation, source.test].map((part) =>
        part?.targets?.kind === 'boxes' ? part.targets : undefined,
      );
      for (const targets of parts) assert.deepEqual(targets?.classes, ['red', 'green'], time);
      assert.ok(parts[1]?.values.flat().every(({ category }) => category === 0));
      const { task } = await createTask(colourDetector('pair'), source, runtime, { preprocess: '0-1 NCHW RGB' });
      assert.equal((await evaluate(colourDetector('pair'), task, runtime, { split: 'test' })).details.map50, 1, time);
      await source.close();
    }
    change('test', (truth) => ({ ...truth, categories: truth.categories.map((each) => ({ ...each, name: `${each.name}s` })) }));
    await assert.rejects(openDataset(root, options), /test\/_annotations\.coco\.json: Category 0 is called "squares" in another part/);
  });

  for (const fit of ['contain', 'fill'] as const)
    it(`boxes move with images of other sizes: ${fit}`, async () => {
      const model = colourDetector('pair');
      const options = {
        annotations: join(mixed, 'labels.of.mine.json'),
        fit,
        fallbackSize: { width: SIDE, height: SIDE },
        cacheDir: cacheDir(),
      };
      const source = await openDataset(mixed, options);
      const { task } = await createTask(model, source, runtime, { preprocess: '0-1 NCHW RGB' });
      const { targets } = task.splits.train;
      assert.ok(targets?.kind === 'boxes');
      const [, , width, height] = targets.values.flat()[0].box;
      assert.deepEqual(
        [width, height].sort((a, b) => a - b),
        fit === 'contain' ? [8, 8] : [8, 16],
      );
      const quality = await evaluate(model, task, runtime, { split: 'train' });
      // In their own proportions the squares stay on the grid; stretched they cover two cells.
      assert.ok(fit === 'contain' ? quality.value > 0.999 : quality.value < 0.5, `${quality.value}`);
      await source.close();
    });

  it('what has no known form is judged by fidelity, and asked for by name refused with the forms', async () => {
    const source = await openDataset(squares, { cacheDir: cacheDir() });
    const model = detector('nms');
    const { task, explanation } = await createTask(model, source, runtime);
    assert.equal(task.kind, 'fidelity');
    assert.match(explanation, /no form of detections that is known/);
    await assert.rejects(createTask(model, source, runtime, { task: 'detection' }), /none of the forms.*\[images, boxes, 6\]/s);
    await source.close();
  });

  it('a detector with non-maximum suppression inside is quantized and distilled by mAP', async () => {
    const model = colourDetector('selected');
    const source = await openDataset(squares, { cacheDir: cacheDir() });
    const { task } = await createTask(model, source, runtime, { preprocess: '0-1 NCHW RGB' });
    assert.deepEqual([task.kind, task.heads?.length], ['detection', 2]);
    const common = { original: model, task, runtime, seed: 1 };
    const quantized = await quantize.apply({ ...common, model }, checkOptions(quantize, { sensitivity: true } as never));
    assert.ok((await evaluate(quantized.model, task, runtime, { split: 'train' })).value > 0.99);
    const blind = copyModel(model);
    for (const value of blind.graph.initializers)
      if (value.name === 'kernel' && value.initializer)
        value.initializer = Tensor.of(
          'float32',
          value.initializer.shape,
          value.initializer.toFloat32().map((weight) => weight * 0.1),
        );
    assert.ok((await evaluate(blind, task, runtime, { split: 'train' })).value < 0.1);
    const taught = await distill.apply(
      { ...common, model: blind },
      checkOptions(distill, { epochs: 60, batchSize: 8, learningRate: 0.002 }),
    );
    assert.ok((await evaluate(taught.model, task, runtime, { split: 'train' })).value > 0.95);
    await source.close();
  });

  it('the front of a detector is found by mAP', async () => {
    const file = join(folder(), 'selected.onnx');
    await saveModel(colourDetector('selected'), file);
    const ran = await espalier([
      'optimize',
      file,
      '--data',
      squares,
      '--preprocess',
      '0-1',
      '--trials',
      '2',
      '--epochs',
      '1',
      '-o',
      join(folder(), 'out'),
      '--json',
      '--limit',
      'map50[red]>=0.9',
    ]);
    assert.equal(ran.code, 0, ran.stderr);
    const info = JSON.parse(ran.stdout) as {
      models: { validation: { value: number; details: Record<string, number> } }[];
      task: { metric: string };
    };
    assert.equal(info.task.metric, 'map');
    assert.ok(info.models.length > 0 && info.models.every(({ validation }) => validation.details['map50[red]'] > 0.9));
  });

  it('the command line states mAP, of each class too', async () => {
    const file = join(folder(), 'colours.onnx');
    await saveModel(colourDetector('yolo'), file);
    const data = ['--data', mixed, '--labels', join(mixed, 'labels.of.mine.json'), '--preprocess', '0-1'];
    const ran = await espalier(['eval', file, ...data, '--json', '--metric', 'map50[green]']);
    assert.equal(ran.code, 0, ran.stderr);
    const { metric, value, details, classes } = JSON.parse(ran.stdout) as {
      metric: string;
      value: number;
      details: Record<string, number>;
      classes: string[];
    };
    assert.deepEqual([metric, classes], ['map50[green]', ['red', 'green']]);
    assert.ok(value > 0.999 && details.map > 0.999, JSON.stringify(details));
  });
});
