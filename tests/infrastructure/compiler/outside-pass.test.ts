import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { GraphError, OptionError } from 'espalier/base';
import { type CompilerContext, passes, simplify } from 'espalier/infrastructure/compiler';
import { makeFeeds } from 'espalier/infrastructure/hardware';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { type Condition, copyModel, GraphBuilder, type Model, nodesOf, type Pass } from 'espalier/onnx';
import { loadModel } from 'espalier/onnx/node';
import { fixture, root } from '../../support/paths.js';
import { vectorModel } from '../models.js';
import { assertSame, outputsOf } from './same-outputs.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

const count = (model: Model, op: string) => nodesOf(model.graph).filter((node) => node.op === op).length;

/** Condition and passes that somebody else wrote: differences are sums with a negative, and two negatives are none. */
const noDifferences: Condition = { name: 'no differences', holds: ({ graph }) => !graph.nodes.some(({ op }) => op === 'Sub') };

const withoutDifferences: Pass = {
  name: 'without-differences',
  summary: 'a - b becomes a + (-b).',
  kind: 'form',
  requires: [],
  ensures: [noDifferences],
  run: ({ graph }) => {
    const found = graph.nodes.filter(({ op }) => op === 'Sub');
    const build = new GraphBuilder(graph);
    for (const node of found) {
      node.op = 'Add';
      node.setInput(1, build.op('Neg', [node.inputs[1]]));
    }
    graph.sort();
    return found.length;
  },
};

const twoNegatives: Pass = {
  name: 'two-negatives',
  summary: 'Neg of Neg is nothing.',
  kind: 'simplify',
  requires: [noDifferences],
  ensures: [],
  run: ({ graph }) => {
    const found = graph.nodes.filter(({ op, inputs: [input] }) => op === 'Neg' && input?.producer?.op === 'Neg');
    for (const node of found) {
      const [source] = node.inputs[0]?.producer?.inputs ?? [];
      const [output] = node.outputs;
      if (source && output) graph.replace(output, source);
    }
    return found.length;
  },
};

/** (a - (-b)) + (-(-b)) · 1 = a + b + b. */
const model = vectorModel((build, { a, b }) => {
  const sum = build.op('Sub', [a, build.op('Neg', [b])]);
  build.output(build.op('Add', [sum, build.op('Neg', [build.op('Neg', [b])])]), 'y');
});
const table = passes.with(withoutDifferences, twoNegatives);

test('a pass from outside is run by simplify, after the one that brings about what it requires', async () => {
  const simple = await simplify(model, runtime, table);
  assert.deepEqual([count(simple, 'Neg'), count(simple, 'Sub'), count(simple, 'Add')], [0, 0, 2]);
  const feeds = makeFeeds(model, { seed: 3 });
  assertSame(await outputsOf(runtime, simple, feeds), await outputsOf(runtime, model, feeds), 0);
  const plain = await simplify(model, runtime);
  assert.equal(count(plain, 'Sub'), 1, 'the table of all stays as it was');
});

test('what each pass changed is said, and those left out whose conditions hold', () => {
  const copy = copyModel(model);
  assert.deepEqual(table.apply(copy, [twoNegatives], { runtime }), [
    { pass: 'without-differences', changed: 1 },
    { pass: 'two-negatives', changed: 2 },
  ]);
  assert.deepEqual(table.apply(copy, [withoutDifferences], { runtime }), []);
});

test('a pass whose condition nothing brings about says so, by name', () => {
  assert.throws(
    () => passes.apply(copyModel(model), [twoNegatives], { runtime }),
    (error) => error instanceof GraphError && /"two-negatives".*no differences/.test(error.message),
  );
  const again: Pass = { ...twoNegatives, requires: [] };
  assert.throws(
    () => table.with(again),
    (error) => error instanceof OptionError && /two-negatives/.test(error.message),
  );
});

test('a condition that is broken on the way is brought about again; passes that break each other end', () => {
  const named = (name: string): Condition => ({ name });
  const [first, second] = [named('first'), named('second')];
  const pass = (name: string, given: Partial<Pass>): Pass => ({
    ...withoutDifferences,
    name,
    requires: [],
    ensures: [],
    run: () => 0,
    ...given,
  });
  const makesFirst = pass('makes-first', { ensures: [first] });
  const makesSecond = pass('makes-second', { ensures: [second], breaks: [first] });
  const last = pass('last', { requires: [first, second] });
  const order = passes.with(makesFirst, makesSecond).apply(copyModel(model), [last], { runtime });
  assert.deepEqual(
    order.map((change) => change.pass),
    ['makes-first', 'makes-second', 'makes-first', 'last'],
  );
  const enemies = passes.with({ ...makesFirst, breaks: [second] }, makesSecond);
  assert.throws(() => enemies.apply(copyModel(model), [last], { runtime }), GraphError);
});

const files = [
  ['onnx', 'functions.onnx'],
  ['optimized', 'cnn.extended.onnx'],
  ['optimized', 'cnn.qoperator.onnx'],
  ['optimized', 'transformer.extended.onnx'],
  ['training', 'recurrent.onnx'],
].map((parts) => fixture(...parts));
for (const pass of passes.all('form')) {
  test(`${pass.name} ensures what it says`, async () => {
    for (const file of files) {
      const changed = loadModel(file);
      await passes.applyAsync(changed, [pass], { runtime } satisfies CompilerContext);
      for (const condition of pass.ensures) assert.notEqual(condition.holds?.(changed), false, `${file}: ${condition.name}`);
    }
  });
}

test('the table in docs/onnx.md is what the passes say of themselves', () => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts', 'passes-table.mjs'), '--check'], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});
