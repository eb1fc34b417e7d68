// What errors and warnings advise is typed here, and must work.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { saveModel } from 'espalier/onnx/node';
import { npy } from '../support/npy.js';
import { shared, skipWithout } from '../support/paths.js';
import { detector } from '../training/detection/detector.js';
import { writeImages } from '../training/detection/images.js';
import { espalier } from './run.js';

interface Quality {
  metric: string;
  value: number;
  details: Record<string, number>;
  task: string;
}

const folder = mkdtempSync(join(tmpdir(), 'espalier-advice-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const cases = shared('cases');
const skip = skipWithout(cases, 'shared/cases');
const at = (...parts: string[]) => join(cases ?? '', ...parts);
const made = (name: string) => join(folder, name);

async function json<T = Quality>(...args: string[]): Promise<T> {
  const ran = await espalier([...args, '--json']);
  assert.equal(ran.code, 0, ran.stderr);
  return JSON.parse(ran.stdout) as T;
}

async function failure(...args: string[]): Promise<string> {
  const { code, stderr } = await espalier(args);
  assert.notEqual(code, 0);
  return stderr;
}

describe('a target of fractions', () => {
  const [model, data] = [at('regression-labels', 'reg.onnx'), at('regression-labels', 'reg.csv')];

  it('is a regression, by R²', { skip }, async () => {
    const quality = await json('eval', model, '--data', data);
    assert.deepEqual([quality.task, quality.metric], ['regression', 'r2']);
    assert.ok(quality.value > 0.98 && quality.details.rmse < 0.3);
  });

  it('may be left aside for fidelity', { skip }, async () => {
    assert.equal((await json('eval', model, '--data', data, '--fidelity')).value, 1);
  });
});

describe('two columns of different size', () => {
  it('are judged one by one: what a small one loses leads', { skip }, async () => {
    const args = [
      '--data',
      at('reg2-two-outputs', 'reg2.npy'),
      '--target',
      'macs=0.1',
      '--tuning',
      'none',
      '--force',
      '-o',
      made('reg2.onnx'),
    ];
    const ran = await espalier(['prune', at('reg2-two-outputs', 'reg2.onnx'), ...args]);
    assert.equal(ran.code, 0, ran.stderr);
    assert.match(ran.stdout, /Loses \d{2,3}\.\d+ hundredths of fidelity/);
    const quality = await json('eval', made('reg2.onnx'), '--data', at('reg2-two-outputs', 'reg2_true.npz'));
    assert.ok(quality.metric === 'r2' && quality.value < 0.1);
    const original = await json(
      'eval',
      at('reg2-two-outputs', 'reg2.onnx'),
      '--data',
      at('reg2-two-outputs', 'reg2_true.npz'),
      '--metric',
      'r2[1]',
    );
    assert.ok(original.value > 0.99, `${original.value}`);
  });
});

describe('several labels a sample', () => {
  it('are judged label by label', { skip }, async () => {
    const quality = await json('eval', at('multilabel', 'ml.onnx'), '--data', at('multilabel', 'ml.npz'));
    assert.equal(quality.task, 'multi-label');
    assert.deepEqual(Object.keys(quality.details).sort(), ['exactMatch', 'macroF1', 'meanAveragePrecision', 'microF1']);
  });
});

describe('a model that ends in ArgMax', () => {
  const model = at('argmax-only', 'argmaxT.onnx');
  for (const [name, ...how] of [
    ['quantize', 'quantize'],
    ['quantize-aware', 'quantize', '--aware', '--epochs', '1'],
    ['prune', 'prune', '--target', 'macs=0.5', '--epochs', '4'],
  ])
    it(`keeps the accuracy of its label: ${name}`, { skip }, async () => {
      const [command, ...options] = how;
      const ran = await espalier([command, model, '--data', 'digits', ...options, '-o', made(`${name}.onnx`)]);
      assert.equal(ran.code, 0, ran.stderr);
      const quality = await json('eval', made(`${name}.onnx`), '--data', 'digits');
      assert.ok(quality.metric === 'accuracy' && quality.value > 0.9, `${quality.value}`);
    });

  it('is optimized', { skip }, async () => {
    const info = await json<{ models: { validation: Quality; checks?: { status: string }[] }[] }>(
      'optimize',
      model,
      '--data',
      'digits',
      '--trials',
      '2',
      '--epochs',
      '1',
      '-o',
      made('argmax'),
    );
    assert.ok(info.models.length > 0 && info.models.every(({ validation }) => validation.value > 0.9));
    assert.ok(info.models.some(({ checks }) => checks?.every(({ status }) => status === 'agrees')));
  });
});

describe('classes in another order', () => {
  for (const [model, data] of [
    ['half.onnx', 'i_png.tar'],
    ['swap.onnx', 'digits'],
  ])
    it(`are mended by the line that the warning gives: ${model}`, { skip }, async () => {
      const args = ['eval', at('class-order', model), '--data', data === 'digits' ? data : at('class-order', data), '--preprocess', '0-1'];
      const ran = await espalier(args);
      const [, classes] = /try --classes (\S+)/.exec(ran.stderr) ?? [];
      assert.ok(classes, ran.stderr);
      const [before, mended] = [await json(...args), await json(...args, '--classes', classes)];
      assert.ok(before.value < 0.7 && mended.value > 0.9, `${before.value} -> ${mended.value}`);
    });
});

describe('advice of options', () => {
  it('--metric: another one where this is not defined', { skip }, async () => {
    const args = ['eval', at('argmax-only', 'smT.onnx'), '--data', 'digits'];
    assert.match(await failure(...args, '--metric', 'average-precision'), /another metric \(--metric\)/);
    assert.ok((await json(...args, '--metric', 'f1')).value > 0.9);
  });

  it('--task: left out, it is found', { skip }, async () => {
    const args = ['eval', at('argmax-only', 'smT.onnx'), '--data', 'digits'];
    assert.match(await failure(...args, '--task', 'multi-label'), /Leave the task out/);
    assert.equal((await json(...args)).task, 'classification');
  });

  it('--fidelity and --task embedding: where no output has a score for each class', { skip }, async () => {
    const args = ['eval', at('reg2-two-outputs', 'reg2.onnx'), '--data', made('classes.npz')];
    const { zipSync } = await import('fflate');
    const { writeFileSync } = await import('node:fs');
    const features = new Float32Array(60 * FEATURES).map((_, i) => Math.sin(i));
    const labels = new BigInt64Array(60).map((_, i) => BigInt(i % 5));
    writeFileSync(made('classes.npz'), zipSync({ 'x.npy': npy([60, FEATURES], features), 'label.npy': npy([60], labels) }));
    assert.match(await failure(...args), /--fidelity.*--task embedding/s);
    assert.equal((await json(...args, '--fidelity')).value, 1);
    assert.equal((await json(...args, '--task', 'embedding')).task, 'embedding');
  });

  it('--fidelity: where the outputs of a detector have no known form', async () => {
    const boxes = made('boxes');
    mkdirSync(boxes);
    await writeImages(boxes, [[32, 32]]);
    await saveModel(detector('nms'), made('nms.onnx'));
    const args = ['eval', made('nms.onnx'), '--data', boxes, '--preprocess', '0-1', '--labels', join(boxes, 'annotations.json')];
    assert.match(await failure(...args, '--task', 'detection'), /fidelity to the original \(--fidelity\)/);
    const quality = await json(...args, '--fidelity');
    assert.deepEqual([quality.task, quality.value], ['fidelity', 1]);
  });
});

/** Numbers a sample that reg2.onnx takes. */
const FEATURES = 8;
