import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { architecture } from 'espalier/architectures';
import { OptionError, Random } from 'espalier/base';
import { type Augmentation, applyPreprocess, type Batch, type DataSource, type Prepare, pipeline, textDataset } from 'espalier/data';
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

const decoded = ({ inputs: { text } }: Batch) =>
  Array.from(text.lengths as Int32Array, (length, i) =>
    new TextDecoder().decode((text.data as Uint8Array).subarray(i * text.shape[1], i * text.shape[1] + length)),
  );

test('drop-words leaves out words, never all of them, and the rest stay in their order', async () => {
  const words = Array.from({ length: 400 }, (_, i) => `wörd${i}`);
  const dataset = textDataset('texts', [words.join(' '), 'one', '', '  spaced   out ']);
  const batch = await dataset.read(Int32Array.of(0, 1, 2, 3));
  const drop = (share: number, seed = 0) => decoded(pipeline([{ name: 'drop-words', share }])(batch, new Random(seed), 0));
  const [long, one, none] = drop(0.3);
  const kept = long.split(' ');
  // 280 of 400 are expected, with a deviation of 9.2.
  assert.ok(kept.length > 240 && kept.length < 320, String(kept.length));
  assert.deepEqual(
    kept,
    words.filter((word) => kept.includes(word)),
  );
  assert.deepEqual([one, none], ['one', '']);
  assert.notDeepEqual(drop(0.3, 1)[0], long);
  assert.deepEqual(drop(0)[3], 'spaced out');
  assert.deepEqual(drop(0.99, 2).slice(1, 3), ['one', '']);
  assert.deepEqual(decoded(batch)[0], words.join(' '), 'the batch itself stays as it is');
});

test('drop-words refuses other data and shares that are none', async () => {
  const image: Batch = {
    size: 1,
    indices: Int32Array.of(0),
    inputs: { image: { type: 'uint8', shape: [1, 1, 1, 1], data: new Uint8Array(1), kind: 'image' } },
  };
  const run = (step: Augmentation) => pipeline([step])(image, new Random(0), 0);
  assert.throws(() => run({ name: 'drop-words' }), { name: OptionError.name, message: /for texts, and the data has none.*got image/ });
  assert.throws(() => run({ name: 'drop-words', share: 1 }), { name: OptionError.name, message: /a number in \[0, 1\)/ });
});
