import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { checkLinks, copyModel, decodeModel, encodeModel } from 'espalier/onnx';
import { loadModel } from 'espalier/onnx/node';
import { fixture, shared, skipWithout } from '../support/paths.js';
import { firstDifference, type Meaning, meaningOf } from './meaning.js';

const models = shared('models');
const cases = shared('data', 'onnx-node-tests');

/** Reads, writes, reads a copy and writes it; everything that must hold on the way is checked. */
function roundTrip(path: string): { isSameBytes: boolean } {
  const bytes = new Uint8Array(readFileSync(path));
  const model = decodeModel(bytes, { source: path });
  checkLinks(model.graph);
  for (const { graph } of model.functions) checkLinks(graph);
  const written = encodeModel(model);
  assert.equal(firstDifference(meaningOf(bytes), meaningOf(written)), undefined, 'it means the same');

  const copy = copyModel(model);
  checkLinks(copy.graph);
  assert.ok(same(encodeModel(copy), written), 'a copy is written to the same bytes');
  assert.ok(same(encodeModel(decodeModel(written)), written), 'what was written is written to the same bytes again');
  assert.ok(same(encodeModel(loadModel(path)), written), 'from a file it is the same as from memory');
  return { isSameBytes: same(bytes, written) };
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

describe('what the onnx package wrote survives a round trip', () => {
  for (const name of ['tensors', 'sparse'])
    test(name, () => {
      roundTrip(fixture('onnx', `${name}.onnx`));
    });

  test('everything, with its nodes put in order', () => {
    const bytes = new Uint8Array(readFileSync(fixture('onnx', 'everything.onnx')));
    const written = encodeModel(decodeModel(bytes));
    const unsorted = meaningOf(bytes);
    const nodes = (unsorted.graph as Meaning).node as Meaning[];
    (unsorted.graph as Meaning).node = [3, 2, 1, 0, 4, 5].map((index) => nodes[index]);
    assert.equal(firstDifference(unsorted, meaningOf(written)), undefined);
    assert.ok(same(encodeModel(copyModel(decodeModel(bytes))), written));
  });
});

describe('real models survive a round trip', { skip: skipWithout(models, 'A collection of real models') }, () => {
  for (const file of models ? readdirSync(models).filter((name) => name.endsWith('.onnx')) : []) {
    test(file, (context) => {
      const { isSameBytes } = roundTrip(join(models as string, file));
      context.diagnostic(isSameBytes ? 'to the same bytes' : 'to the same meaning');
    });
  }
});

test("ONNX's operator cases survive a round trip", { skip: skipWithout(cases, "ONNX's operator cases") }, (context) => {
  const names = readdirSync(cases as string, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  let exact = 0;
  for (const name of names) {
    try {
      if (roundTrip(join(cases as string, name, 'model.onnx')).isSameBytes) exact++;
    } catch (cause) {
      throw new Error(`${name}: ${(cause as Error).message}`, { cause });
    }
  }
  context.diagnostic(`${exact} of ${names.length} to the same bytes, the others to the same meaning`);
  assert.ok(names.length > 0);
});
