import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { parseRule, parseRunInfo, type RunInfo } from 'espalier/strategies';
import { espalier } from '../cli/run.js';
import { digitsRun } from '../fixtures/report/samples.js';
import { root } from '../support/paths.js';

const folder = mkdtempSync(join(tmpdir(), 'espalier-limits-'));
after(() => rmSync(folder, { recursive: true, force: true }));

describe('limits of metrics', () => {
  it('are read as they are typed', () => {
    assert.deepEqual(parseRule('recall[person]>=0.9'), { metric: 'recall[person]', relation: '>=', value: 0.9 });
    assert.deepEqual(parseRule(' logLoss <= 0.5'), { metric: 'logLoss', relation: '<=', value: 0.5 });
    assert.deepEqual(parseRule('f1>=95%'), { metric: 'f1', relation: '>=', value: 0.95 });
    for (const text of ['recall>0.9', 'recall', '>=0.9', 'recall>=much']) assert.throws(() => parseRule(text), /limit of a metric/);
  });

  it('are read again from the front.json of a run that had some', () => {
    const limits = { maxSize: 1e6, rules: [parseRule('recall[3]>=0.5')] };
    const read = parseRunInfo(JSON.parse(JSON.stringify({ ...digitsRun(), limits })), 'front.json');
    assert.deepEqual(read.limits, limits);
    const wrong = { ...digitsRun(), limits: { rules: [{ metric: 'recall', relation: '>', value: 0.5 }] } };
    assert.throws(() => parseRunInfo(wrong, 'front.json'), /front\.json, limits\.rules\.0\.relation: The file is damaged/);
  });

  const model = join(root, '..', 'shared', 'cases', 'argmax-only', 'smT.onnx');
  const skip = existsSync(model) ? false : 'there is no shared/cases here';
  const run = (out: string, ...limits: string[]) =>
    espalier([
      'optimize',
      model,
      '--data',
      'digits',
      '--trials',
      '2',
      '--epochs',
      '1',
      '-o',
      join(folder, out),
      '--json',
      ...limits.flatMap((rule) => ['--limit', rule]),
    ]);

  it('decide what is on the front, and cards and report state them', { skip }, async () => {
    const ran = await run('out', 'recall[3]>=0.5', 'log-loss<=0.0000001', '600');
    assert.equal(ran.code, 0, ran.stderr);
    const info = JSON.parse(ran.stdout) as RunInfo;
    assert.deepEqual(
      info.limits.rules?.map(({ metric }) => metric),
      ['recall[3]', 'logLoss'],
    );
    const { samples } = info.task;
    assert.ok(samples.train + samples.validation + samples.test <= 601, 'a number is still the samples');
    assert.ok(info.models.length > 0);
    for (const each of info.models) {
      assert.ok(each.validation.details['recall[3]'] >= 0, 'measured on validation');
      assert.deepEqual(each.breaks.includes('logLoss<=1e-7'), each.validation.details.logLoss > 1e-7);
      assert.deepEqual(each.breaks.includes('recall[3]>=0.5'), each.validation.details['recall[3]'] < 0.5);
    }
    const card = JSON.parse(readFileSync(join(folder, 'out', info.models[0].card as string), 'utf8')) as {
      limits: RunInfo['limits'];
      warnings: string[];
    };
    assert.deepEqual(card.limits, info.limits);
    assert.match(card.warnings.join(' '), /logLoss<=1e-7/);
    assert.match(readFileSync(join(folder, 'out', 'report.html'), 'utf8'), /recall\[3\] (&gt;|>)= 0\.5/);
  });

  it('of what the task does not have are refused before any work', { skip }, async () => {
    const metric = await run('none', 'recall[cat]>=0.5');
    assert.notEqual(metric.code, 0);
    assert.match(metric.stderr, /There is no "cat"/);
  });
});
