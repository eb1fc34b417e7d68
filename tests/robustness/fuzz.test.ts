import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { EspalierError, Random } from 'espalier/base';
import { findDefects } from 'espalier/infrastructure/compiler';
import { checkLinks, copyModel, decodeModel, encodeModel, inlineFunctions, mergeCommonSubexpressions, removeDeadCode } from 'espalier/onnx';
import { inferShapes, upgradeOpset } from 'espalier/ops';
import { fixture, shared } from '../support/paths.js';

const ROUNDS = 120;
/** Largest model that is damaged, in bytes: every round reads it whole. */
const LARGEST = 1.5e6;

const fixtures = ['tensors.onnx', 'sparse.onnx', 'everything.onnx', 'functions.onnx', join('external', 'inside.onnx')].map((name) =>
  fixture('onnx', name),
);
const folder = shared('models');
const models = folder ? readdirSync(folder).flatMap((name) => (name.endsWith('.onnx') ? [join(folder, name)] : [])) : [];

/** Bytes changed, mostly near the structure; cut out, doubled or cut off. */
function damage(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = bytes.slice();
  for (let i = random.integer(6); i >= 0; i--) {
    const at = random.integer(copy.length);
    copy[at] = random.uniform() < 0.5 ? copy[at] ^ (1 << random.integer(8)) : random.integer(256);
  }
  const [from, to] = [random.integer(copy.length), random.integer(copy.length)].sort((a, b) => a - b);
  const kind = random.uniform();
  if (kind < 0.2) return copy.subarray(0, from);
  if (kind < 0.3) return new Uint8Array(Buffer.concat([copy.subarray(0, from), copy.subarray(to)]));
  if (kind < 0.4)
    return new Uint8Array(Buffer.concat([copy.subarray(0, to), copy.subarray(from, Math.min(to, from + 200)), copy.subarray(to)]));
  return copy;
}

/** Everything that is done with a model before it runs. */
function use(bytes: Uint8Array): void {
  const model = decodeModel(bytes, { source: 'damaged.onnx' });
  checkLinks(model.graph);
  encodeModel(decodeModel(encodeModel(model)));
  findDefects(model);
  const copy = inlineFunctions(copyModel(model));
  mergeCommonSubexpressions(copy.graph);
  removeDeadCode(copy.graph);
  checkLinks(copy.graph);
  inferShapes(copy);
  encodeModel(copy);
  upgradeOpset(model, Math.min(Math.max(model.opset, 13), 21));
}

describe('damaged models are read or refused, and nothing else happens', () => {
  for (const path of [...fixtures, ...models].filter((each) => statSync(each).size <= LARGEST)) {
    test(path.slice(path.lastIndexOf('/') + 1), (context) => {
      const whole = new Uint8Array(readFileSync(path));
      use(whole);
      const random = new Random(path.slice(path.lastIndexOf('/') + 1));
      let refused = 0;
      const rounds = whole.length > 1e5 ? ROUNDS / 4 : ROUNDS;
      for (let round = 0; round < rounds; round++) {
        const bytes = damage(whole, random);
        try {
          use(bytes);
        } catch (error) {
          assert.ok(error instanceof EspalierError, `round ${round}: ${(error as Error).stack}`);
          assert.ok(error.message.length < 2000, error.message);
          refused++;
        }
      }
      context.diagnostic(`${refused} of ${rounds} refused`);
    });
  }
});
