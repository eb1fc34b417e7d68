import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { architecture } from 'espalier/architectures';
import { OptionError } from 'espalier/base';
import { applyPreprocess, type DataSource, type Prepare, textDataset } from 'espalier/data';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { createTask, freshModel } from 'espalier/modalities';
import { Tensor } from 'espalier/onnx';
import { evaluate, train } from 'espalier/training';
import { fnv1a } from '#dist/modalities/text/ngrams.js';
import { loadTokenizer } from '#dist/modalities/text/tokenizer.js';
import { fixture } from '../support/paths.js';

const read = (name: string) => readFileSync(fixture('tables', name), 'utf8');
const expected = JSON.parse(read('expected.json')) as {
  texts: string[];
  fnv1a: Record<string, number>;
  ngrams: number[][];
  words: number[][];
  tokens: number[][];
  mask: number[][];
};
const every = Int32Array.from(expected.texts.keys());

async function prepared(prepare: Prepare, texts = expected.texts): Promise<number[][]> {
  const batch = await textDataset('texts', texts).read(Int32Array.from(texts.keys()));
  const { data, shape } = applyPreprocess(batch.inputs.text, { prepare, layout: 'as-is', dtype: 'int64' });
  return texts.map((_, i) => Array.from(data.subarray(i * shape[1], (i + 1) * shape[1]) as BigInt64Array, Number));
}

const padded = (rows: number[][], length: number) => rows.map((row) => [...row, ...new Array<number>(length).fill(0)].slice(0, length));

test('FNV-1a is as published, and hashed words and n-grams are as plain Python makes them', async () => {
  for (const [text, hash] of Object.entries(expected.fnv1a)) assert.equal(fnv1a(text), hash, text);
  assert.equal(fnv1a('x'.repeat(10_000)), fnv1a(`${'x'.repeat(9999)}x`));
  assert.deepEqual(await prepared({ kind: 'text-ngrams', length: 64, vocabulary: 1000 }), padded(expected.ngrams, 64));
  assert.deepEqual(await prepared({ kind: 'text-words', length: 8, vocabulary: 1000 }), padded(expected.words, 8));
});

test('bytes as ids, and counts of unit length', async () => {
  assert.deepEqual(await prepared({ kind: 'text-bytes', length: 4 }, ['aé', '']), [
    [98, 196, 170, 0],
    [0, 0, 0, 0],
  ]);
  const batch = await textDataset('texts', expected.texts).read(every);
  const { data, shape } = applyPreprocess(batch.inputs.text, { prepare: { kind: 'text-counts', vocabulary: 50 }, layout: 'as-is' });
  assert.deepEqual(shape, [4, 50]);
  const lengths = expected.texts.map((_, i) => Math.hypot(...(data.subarray(i * 50, i * 50 + 50) as Float32Array)));
  for (const [i, length] of lengths.entries()) assert.ok(Math.abs(length - Number(i !== 2)) < 1e-6);
});

test("a tokenizer.json gives the ids and the mask that Hugging Face's tokenizers give, truncated and padded alike", async () => {
  const tokenizer = await loadTokenizer(read('tokenizer.json'), JSON.parse(read('tokenizer_config.json')));
  assert.deepEqual(await prepared({ kind: 'tokenizer', tokenizer, part: 'ids', length: 16 }), expected.tokens);
  assert.deepEqual(await prepared({ kind: 'tokenizer', tokenizer, part: 'mask', length: 16 }), expected.mask);
  await assert.rejects(
    prepared({ kind: 'tokenizer', tokenizer: 'unknown', part: 'ids', length: 16 }),
    /tokenizer is not there.*tokenizer\.json/,
  );
});

test('impossible options are refused by name', async () => {
  for (const prepare of [
    { kind: 'text-words' },
    { kind: 'text-words', length: 0 },
    { kind: 'text-ngrams', length: 4, vocabulary: 1 },
    { kind: 'nothing' },
  ])
    await assert.rejects(
      prepared(prepare),
      (error) => error instanceof OptionError && /length|vocabulary|no preparation "nothing"/.test(error.message),
    );
});

/** Sentences whose class is whether "not" stands before "good": words alone do not tell. */
function opinions(count: number): DataSource {
  const fillers = ['film', 'story', 'actor', 'scene', 'end', 'song'];
  const texts = Array.from({ length: count }, (_, i) => {
    const filler = fillers[i % fillers.length];
    return i % 2 ? `the ${filler} is not bad , ${filler} is good ${i % 7}` : `the ${filler} is not good , ${filler} is bad ${i % 7}`;
  });
  const targets = { kind: 'class', classes: ['bad', 'good'], values: Int32Array.from(texts, (_, i) => i % 2) } as const;
  return { name: 'opinions', format: 'memory', train: textDataset('opinions', texts, targets), close: async () => undefined };
}

for (const family of ['text-bag', 'text-encoder']) {
  test(`${family} learns what only the order of words tells`, async (t) => {
    const runtime = createNodeRuntime();
    t.after(() => runtime.dispose());
    const source = opinions(400);
    const { model, preprocess } = freshModel(source, { family, width: 0.5 });
    const { task } = await createTask(model, source, runtime, { untrained: true, preprocess });
    const result = await train({ model, task, runtime, options: { epochs: 6, batchSize: 16, learningRate: 0.005 } });
    const quality = await evaluate(result.model, task, runtime, { split: 'test' });
    assert.ok(quality.value > 0.95, `accuracy ${quality.value}`);
  });
}

test('padding says nothing: whatever its vector is, scores stay', async (t) => {
  const runtime = createNodeRuntime();
  t.after(() => runtime.dispose());
  const ids = () => Tensor.of('int64', [2, 8], BigInt64Array.from([3, 10, 17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], BigInt));
  for (const family of ['text-bag', 'text-encoder']) {
    const model = architecture(family).build({ input: [8], classes: 3, vocabulary: 100, seed: 1 });
    const scores = async (): Promise<number[]> => {
      const program = await runtime.compile(model);
      const outputs = await program.run({ input: ids() });
      await program.dispose();
      return Array.from(outputs.scores.toFloat32());
    };
    const before = await scores();
    const table = [...model.graph.initializers].find(({ name }) => name === 'embedding1.weight');
    assert.ok(table?.initializer);
    const [rows, size] = table.initializer.shape;
    table.initializer = Tensor.of(
      'float32',
      [rows, size],
      table.initializer.toFloat32().map((value, i) => (i < size ? 9 : value)),
    );
    const after = await scores();
    assert.ok(before.every(Number.isFinite), family);
    for (const [i, score] of before.slice(0, 3).entries()) assert.ok(Math.abs(score - after[i]) < 1e-5, `${family} ${score} ${after[i]}`);
  }
});
