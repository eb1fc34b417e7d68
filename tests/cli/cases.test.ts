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
  it('keeps its answers when it is quantized, or says what became of them', { skip }, async () => {
    const [model, data] = [at('transformer-outlier-channels', 'tx2out.t.onnx'), at('transformer-outlier-channels', 'pol2s.npz')];
    const { quality, notes, footprint } = await json('quantize', model, '--data', data, '-o', join(folder, 'outlier.onnx'));
    const { agreement } = quality.after;
    assert.ok(agreement.value > 0.85, `same answers ${agreement.value}`);
    assert.match(notes.remarks.join('\n'), /layers stay in float, because all quantized would change [\d.]+% of the answers/);
    assert.ok(footprint.after.bytes < footprint.before.bytes / 2);
  });
});
