import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { EspalierError, Random } from 'espalier/base';
import { quantizeDynamic } from 'espalier/compression/quantization';
import { findDefects, requireSound, simplify } from 'espalier/infrastructure/compiler';
import { footprint } from 'espalier/infrastructure/hardware';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { decodeModel, type Model } from 'espalier/onnx';
import { inferShapes } from 'espalier/ops';
import { bombs, declared, integers, node } from '../support/fuzz/bombs.js';
import { fixture, shared, skipWithout } from '../support/paths.js';
import { field, model, number } from '../support/wire.js';

/** A bomb with the `choice`-th of its sizes. */
function bomb(name: string, choice: number): Uint8Array {
  const random = new Random(name);
  random.pick = (items) => items[Math.min(choice, items.length - 1)];
  return bombs[name](random);
}

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof EspalierError, String((error as Error).stack));
    return error.message;
  }
  return 'accepted';
}

describe('functions', () => {
  test('that double forty times are refused, those that double eight times are read', () => {
    assert.equal(bomb('functions that double', 2).length < 4000, true);
    assert.match(
      refusal(() => decodeModel(bomb('functions that double', 2))),
      /functions written out are too large/,
    );
    inferShapes(decodeModel(bomb('functions that double', 0)));
  });

  test('thousands deep, or in a circle', () => {
    assert.match(
      refusal(() => decodeModel(bomb('functions a thousand deep', 2))),
      /more than 64 deep/,
    );
    assert.match(
      refusal(() => decodeModel(bomb('a function that calls itself', 0))),
      /calls itself/,
    );
  });

  test('of which there are many take time by their number', () => {
    assert.deepEqual(inferShapes(decodeModel(bomb('many equal functions', 1))), []);
  });
});

test('loops in loops: the steps of inference are counted', () => {
  assert.match(
    refusal(() => inferShapes(decodeModel(bomb('loops in loops', 3)))),
    /Inferring types takes more than \d+ steps/,
  );
  inferShapes(decodeModel(bomb('loops in loops', 0)));
});

test('symbolic sizes that are multiplied over and over are given up, not followed', () => {
  const loaded = decodeModel(bomb('symbols of sums that multiply', 2));
  inferShapes(loaded);
  for (const value of loaded.graph.values()) for (const dim of value.shape ?? []) assert.ok(String(dim).length <= 2000);
});

test('a vector of 65536 sizes gives no tensor of 65536 dimensions', () => {
  const loaded = decodeModel(
    model(declared(11, 'x', [4]), declared(11, 's', [65_536], 7), node('Reshape', ['x', 's'], ['y']), declared(12, 'y', [])),
  );
  inferShapes(loaded);
  assert.equal(loaded.graph.outputs[0].shape?.length ?? 0, 0);
});

describe('values made of constants', () => {
  const typed = (name: string, choice: number): Model => {
    const loaded = decodeModel(bomb(name, choice));
    inferShapes(loaded);
    return loaded;
  };
  for (const name of ['an expansion', 'a constant of a shape']) {
    test(`${name} of gigabytes is refused before a runtime makes it`, () => {
      const loaded = typed(name, name === 'an expansion' ? 2 : 1);
      assert.deepEqual(
        findDefects(loaded).map(({ kind }) => kind),
        ['size'],
      );
      assert.match(
        refusal(() => requireSound(loaded)),
        /makes \d+ bytes out of constants.*at most 64000000 bytes/,
      );
    });

    test(`${name} of megabytes is nobody's business`, () => requireSound(typed(name, 0)));
  }
});

test('sparse tensors share one allowance: each of twelve is small enough, all together are not', () => {
  const random = new Random('sparse');
  random.pick = (items) => items[1];
  assert.match(
    refusal(() => decodeModel(bombs['sparse tensors'](random))),
    /would become too large.*at most 32000000 bytes/,
  );
  const honest = new Uint8Array(readFileSync(fixture('onnx', 'sparse.onnx')));
  assert.equal(
    refusal(() => decodeModel(honest)),
    'accepted',
  );
});

test('versions of operator sets that cannot be', () => {
  const bytes = (version: number) =>
    Uint8Array.from([
      ...number(1, 10),
      ...field(7, [...declared(11, 'x', [1]), ...node('Relu', ['x'], ['y']), ...declared(12, 'y', [1])]),
      ...field(8, number(2, version)),
    ]);
  assert.equal(
    refusal(() => decodeModel(bytes(17))),
    'accepted',
  );
  assert.match(
    refusal(() => decodeModel(bytes(2 ** 40))),
    /There is no such version.*0 to 10000/,
  );
});

test('a Split into two thousand million parts', () => {
  const attribute = field(5, [...field(1, 'num_outputs'), ...number(3, 2 ** 31), ...number(20, 2)]);
  const loaded = decodeModel(model(declared(11, 'x', [4]), node('Split', ['x'], ['y'], attribute), declared(12, 'y', [])));
  assert.match(
    refusal(() => inferShapes(loaded)),
    /not as many parts as outputs/,
  );
});

describe('operators called as a property of every object', () => {
  for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty', 'valueOf']) {
    test(name, async () => {
      const weights = field(5, [
        ...number(1, 4),
        ...number(1, 4),
        ...number(2, 1),
        ...field(8, 'w'),
        ...field(9, new Uint8Array(64).fill(1)),
      ]);
      const loaded = decodeModel(
        model(
          declared(11, 'x', [1, 4]),
          weights,
          integers('i', [1]),
          node(name, ['x', 'w', 'i'], ['a']),
          node('MatMul', ['a', 'w'], ['b']),
          node('BatchNormalization', ['b', 'w', 'w', 'w', 'w'], ['c']),
          node('Reshape', ['c', 'a'], ['y']),
          declared(12, 'y', []),
        ),
      );
      const runtime = createNodeRuntime({ threads: 1 });
      try {
        assert.equal(inferShapes(loaded).length, 1);
        assert.deepEqual(
          findDefects(loaded).map(({ kind }) => kind),
          ['operator'],
        );
        footprint(loaded);
        await simplify(loaded, runtime);
        await quantizeDynamic(loaded, runtime).catch((error) => assert.equal(error.name, 'UnsupportedError', error.stack));
      } finally {
        await runtime.dispose();
      }
    });
  }
});

const hostile = shared('cases', 'hostile');
test('the shared cases of hostile models', { skip: skipWithout(hostile, 'A folder of hostile files') }, async () => {
  const read = (name: string) => decodeModel(new Uint8Array(readFileSync(`${hostile}/${name}`)));
  const expansion = read('cb11.onnx');
  inferShapes(expansion);
  assert.match(
    refusal(() => requireSound(expansion)),
    /8589934592 bytes out of constants/,
  );
  assert.match(
    refusal(() => requireSound(read('sp12.onnx'))),
    /accepted|An index lies outside/,
  );
  assert.ok(footprint(read('sp12.onnx')).layers.length > 0);
  assert.match(
    refusal(() => read('esc_bad.onnx')),
    /which nothing makes/,
  );
});
