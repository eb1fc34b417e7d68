// Models on which quality was once judged by the shape of an output: a detector's boxes outweighed its scores, and accuracy hid answers that changed.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { shared, skipWithout } from '../support/paths.js';
import { espalier } from './run.js';

const folder = mkdtempSync(join(tmpdir(), 'espalier-cases-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const cases = shared('cases');
const skip = skipWithout(cases, 'shared/cases');
const at = (...parts: string[]) => join(cases ?? '', ...parts);

async function json(...args: string[]) {
  const ran = await espalier([...args, '--json']);
  assert.equal(ran.code, 0, ran.stderr);
  return JSON.parse(ran.stdout);
}

describe('a detector whose boxes are in pixels and whose scores are beside them', () => {
  const images = ['--data', at('det-concat-boxes-scores', 'imgs'), '--preprocess', '0-1'];
  /** Boxes are channels 0 to 3, scores those after them. */
  const BOXES = 4;

  it('is no better than a constant where its class scores are dead', { skip }, async () => {
    const dead = at('det-concat-boxes-scores', 'detc.dead.onnx');
    const quality = await json('eval', dead, ...images, '--fidelity', '--reference', at('det-concat-boxes-scores', 'detc.onnx'));
    assert.ok(quality.value < 0, `fidelity ${quality.value}`);
    for (const { channel, fidelity } of quality.channels) assert.equal(fidelity > 0.99, channel < BOXES, `channel ${channel}: ${fidelity}`);
    assert.equal((await json('eval', dead, ...images, '--fidelity')).value, 1);
  });

  it('is judged by its worst channel when it is pruned', { skip }, async () => {
    const detector = at('det-concat-boxes-scores', 'detc.onnx');
    const pruned = await json(
      'prune',
      detector,
      ...images,
      '--target',
      'macs=0.3',
      '--tuning',
      'none',
      '--force',
      '-o',
      join(folder, 'pruned.onnx'),
    );
    const { after: quality } = pruned.quality;
    assert.equal(quality.metric, 'fidelity');
    assert.equal(quality.value, Math.min(...quality.channels.map((each: { fidelity: number }) => each.fidelity)));
    assert.ok(quality.value < 0.5, `fidelity ${quality.value}`);
  });
});

describe('a transformer with channels that stand out', () => {
  it('is quantized whole, like its twin without such channels, and keeps its answers', { skip }, async () => {
    const file = (name: string) => at('transformer-outlier-channels', name);
    const of = (model: string) => json('quantize', file(model), '--data', file('pol2s.npz'), '-o', join(folder, `int8-${model}`));
    const [outliers, twin] = [await of('tx2out.t.onnx'), await of('tx2.t.onnx')];
    for (const { quality, footprint } of [outliers, twin]) {
      assert.ok(quality.after.agreement.value > 0.97, `same answers ${quality.after.agreement.value}`);
      assert.ok(footprint.after.bytes < footprint.before.bytes / 3, `${footprint.after.bytes} of ${footprint.before.bytes} bytes`);
    }
    assert.ok(outliers.footprint.after.bytes < 1.02 * twin.footprint.after.bytes, 'as small as its twin');
    assert.match(outliers.notes.remarks.join('\n'), /smooth|outlier|scales/i);
  });
});
