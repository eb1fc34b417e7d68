import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { OptionError } from 'espalier/base';
import { loadModel, saveModel } from 'espalier/onnx/node';
import { type ModelInfo, type RunInfo, techniques } from 'espalier/strategies';
import { openWorkspace } from 'espalier/strategies/node';
import { TechniqueRegistry } from 'espalier/technique';
import { essence, type SmallRun, smallRun, trainStart } from './small-run.js';

let folder: string;
let start: string;
/** The run that most tests look at, and how often it applied a technique. */
let info: RunInfo;
let applications: number;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-optimize-'));
  start = await trainStart(folder);
  ({ info, applications } = await countedRun({ trials: 6, measured: true }));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const run = (options: Partial<SmallRun>) =>
  smallRun({ folder: join(folder, 'run'), strategy: 'shrink-and-improve', trials: 6, ...options }, start);

async function countedRun(options: Partial<SmallRun>): Promise<{ info: RunInfo; applications: number }> {
  let count = 0;
  const counted = techniques.all().map((technique) => ({
    ...technique,
    apply: (...given: Parameters<typeof technique.apply>) => {
      count++;
      return technique.apply(...given);
    },
  }));
  return { info: await run({ ...options, registry: new TechniqueRegistry(counted) }), applications: count };
}

const json = (path: string) => JSON.parse(readFileSync(join(folder, 'run', path), 'utf8'));
const lastStep = ({ recipe }: ModelInfo) => recipe.at(-1)?.technique;

test('shrink-and-improve: at least five models, the int8 ones three times smaller in weights and about as good', () => {
  assert.equal(info.trials.failed, 0, JSON.stringify(info.failures));
  assert.ok(info.models.length >= 5);
  assert.ok(info.models.some(({ onFront }) => onFront));
  assert.equal(new Set(info.models.map(({ id }) => id)).size, info.models.length);
  const static8 = info.models.filter((model) => model.recipe.length === 1 && lastStep(model) === 'quantize');
  assert.ok(static8.length > 0);
  for (const { label, footprint, validation } of static8) {
    assert.ok(info.baseline.footprint.weightBytes / footprint.weightBytes >= 3, label);
    assert.ok(info.baseline.validation.value - validation.value < 0.02, label);
  }
  const half = info.models.find(({ recipe }) => recipe.length === 1 && recipe[0].technique === 'prune' && recipe[0].options.keep === 0.5);
  assert.ok(half && (half.footprint.macs as number) < 0.55 * (info.baseline.footprint.macs as number));
});

test('the folder holds what it should: front.json as returned, a card beside every model, the journal, no unfinished work', () => {
  assert.deepEqual(json('front.json'), JSON.parse(JSON.stringify(info)));
  const files = readdirSync(join(folder, 'run', 'models'));
  for (const file of files.filter((name) => name.endsWith('.onnx'))) {
    assert.ok(files.includes(file.replace('.onnx', '.card.json')), file);
    loadModel(join(folder, 'run', 'models', file));
  }
  for (const model of [info.baseline, ...info.models]) assert.ok(existsSync(join(folder, 'run', model.file)), model.file);
  assert.deepEqual(readdirSync(join(folder, 'run', '.work')), []);
});

test('cards: recipe, seed, data, quality before and after, footprint, checks, and warnings first; the test part only for the front', () => {
  for (const model of info.models) {
    const card = json(model.card as string);
    assert.deepEqual(Object.keys(card).slice(0, 5), ['schema', 'format', 'id', 'label', 'warnings']);
    assert.equal(card.schema, 'espalier/card@1');
    assert.deepEqual(card.recipe, JSON.parse(JSON.stringify(model.recipe)));
    assert.equal(card.seed, 7);
    assert.equal(card.data.fingerprint, info.task.fingerprint);
    assert.equal(card.quality.before.test.value, info.baseline.test?.value);
    assert.equal(card.footprint.before.bytes, info.baseline.footprint.bytes);
    assert.equal(card.quality.test !== undefined, model.onFront);
    assert.equal(card.checks !== undefined, model.onFront);
  }
  const [best] = info.models;
  const card = json(best.card as string);
  assert.equal(card.quality.test.samples, info.task.samples.test);
  assert.ok(card.quality.test.interval[0] <= card.quality.test.value && card.quality.test.value <= card.quality.test.interval[1]);
  assert.equal(card.footprint.after.bytes, readFileSync(join(folder, 'run', best.file)).length);
  assert.deepEqual(
    card.checks.map(({ runtime }: { runtime: string }) => runtime),
    ['onnxruntime-node', 'onnxruntime-web'],
  );
});

test('run again it does nothing and says the same; with more trials it does only those', async () => {
  assert.ok(applications > 0);
  const again = await countedRun({ trials: 6 });
  assert.equal(again.applications, 0);
  assert.deepEqual(essence(again.info), essence(info));
  const more = await countedRun({ trials: 7 });
  assert.equal(more.info.trials.finished + more.info.trials.failed, 7);
  assert.ok(more.applications <= 2, `${more.applications} applications for one more trial`);
});

test('one at a time or two side by side: the same models and the same front', async () => {
  const alone = await run({ folder: join(folder, 'alone'), trials: 4, jobs: 1 });
  const pair = await run({ folder: join(folder, 'pair'), trials: 4, jobs: 2 });
  assert.deepEqual(essence(pair), essence(alone));
  const bytes = (where: string, { file }: ModelInfo) => readFileSync(join(folder, where, file)).toString('base64');
  for (const model of alone.models) assert.equal(bytes('pair', model), bytes('alone', model), model.label);
});

test('a folder belongs to one run: another seed, model or limit is refused, and says what differs', async () => {
  const refused = (what: RegExp) => (error: Error) => error instanceof OptionError && what.test(error.message);
  await assert.rejects(run({ seed: 8 }), refused(/other seed .*Expected 7, got 8/s));
  await assert.rejects(run({ limits: { maxDrop: 1 } }), refused(/other limits/));
  const other = join(folder, 'other.onnx');
  const model = loadModel(start);
  model.graph.nodes[0].name = 'renamed';
  await saveModel(model, other);
  const given = { folder: join(folder, 'run'), strategy: 'shrink-and-improve', trials: 6 } as const;
  await assert.rejects(smallRun(given, other), refused(/other model/));
});

test('two processes in one folder: the second is told', async () => {
  const workspace = await openWorkspace(join(folder, 'busy'));
  await assert.rejects(run({ folder: join(folder, 'busy') }), /in use by process/);
  await workspace.close();
});

test('limits that nothing keeps: an empty front, and every model says which it breaks', async () => {
  const none = await run({ folder: join(folder, 'none'), trials: 2, limits: { maxSize: 10 } });
  assert.ok(none.models.length > 0);
  for (const model of none.models) assert.deepEqual([model.onFront, model.breaks], [false, ['maxSize']]);
});

test('a budget ends the search, not the run: what is done is measured, and the rest waits for the next run', async () => {
  const short = await run({ folder: join(folder, 'short'), trials: 6, budgetMs: 1 });
  assert.equal(short.complete, false);
  assert.ok(short.remarks.some((text) => /budget ended the search after \d of 6 trials/.test(text)));
  assert.ok(short.baseline.test);
  const rest = await run({ folder: join(folder, 'short'), trials: 2 });
  assert.equal(rest.complete, true);
  assert.equal(rest.trials.finished, 2);
});

test('recipes that all fail: no model, no front, the reasons', async () => {
  const broken = techniques.all().map((technique) => ({ ...technique, apply: () => Promise.reject(new OptionError('It does not work')) }));
  const failed = await run({ folder: join(folder, 'broken'), trials: 16, registry: new TechniqueRegistry(broken) });
  assert.deepEqual(failed.trials, { finished: 0, failed: 12, stopped: 0 });
  assert.ok(failed.remarks.includes('The search was given up after 12 of 16 trials, as all of them failed.'), failed.remarks.join());
  assert.deepEqual(failed.models, []);
  assert.match(failed.failures[0].message, /It does not work/);
});

test('grow-improve-shrink: trains the baseline, keeps to its size, and never uses an untrained model', async () => {
  const grown = await smallRun({ folder: join(folder, 'grown'), strategy: 'grow-improve-shrink', trials: 2, epochs: 10 }, start);
  assert.deepEqual(
    grown.baseline.recipe.map(({ technique }) => technique),
    ['build', 'train'],
  );
  assert.equal(grown.limits.maxSize, grown.baseline.footprint.bytes);
  for (const { recipe, file } of grown.models) {
    assert.ok(recipe.length >= 2 && recipe[0].technique === 'build' && recipe.some(({ technique }) => technique === 'train'));
    assert.doesNotMatch(file, /models\/build-[0-9a-f]+\.onnx/);
  }
  assert.ok(grown.models.some(({ recipe }) => recipe[0].options.width !== 0.25));
});
