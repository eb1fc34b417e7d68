import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { skipWithoutChromium } from '../support/browser/index.js';
import { useStudio } from '../support/studio/open.js';

const tests = useStudio();
const folder = mkdtempSync(join(tmpdir(), 'espalier-start-'));
after(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, 'photos', 'cats'), { recursive: true });
writeFileSync(join(folder, 'photos', 'cats', '1.png'), 'one');
writeFileSync(join(folder, 'photos', 'cats', '2 of 2.png'), 'two');
writeFileSync(join(folder, 'photos', '.hidden'), 'no');
writeFileSync(join(folder, 'my model.onnx'), 'a model');

test('a model and a folder are chosen and sent, and the run begins and is seen', { skip: skipWithoutChromium }, async () => {
  const { page, problems } = await tests.open('/start');
  const [model, , data] = [0, 1, 2].map((index) => page.locator('input[type=file]').nth(index));
  await model.setInputFiles(join(folder, 'my model.onnx'));
  await page.getByText('my model.onnx, 7 B').waitFor();
  await data.setInputFiles(join(folder, 'photos'));
  await page.getByText('photos: 2 files, 6 B').waitFor();
  await page.getByLabel('Largest file').fill('100 KB');
  await page.getByLabel('Largest loss of quality').fill('1 point');
  await page.getByLabel('Most RAM of compiled code').fill('64 KB');
  await page.getByLabel('Compile models to').selectOption('C');
  await page.getByLabel('Trials', { exact: true }).fill('8');
  await page.getByLabel('Time at most').fill('30 min');
  await page.getByRole('button', { name: 'Start the run' }).press('Enter');
  await page.getByRole('heading', { level: 1, name: 'my-model' }).waitFor();
  const [start] = tests.studio.started.splice(0);
  const { model: sentModel, data: sentData, ...rest } = start;
  const limits = { maxSize: 100_000, maxRam: 64_000, maxDrop: 1 };
  assert.deepEqual(rest, { name: 'my-model', trials: 8, budget: 1_800_000, target: 'c', limits });
  assert.ok('upload' in sentModel && sentModel.path === 'my model.onnx' && 'upload' in sentData);
  assert.equal(String(tests.studio.uploads.get(`${sentModel.upload}/my model.onnx`)), 'a model');
  assert.deepEqual(
    [...tests.studio.uploads.keys()].filter((path) => path.startsWith(`${sentData.upload}/photos`)),
    [`${sentData.upload}/photos/cats/1.png`, `${sentData.upload}/photos/cats/2 of 2.png`],
  );
  assert.deepEqual(problems, []);
  await page.context().close();
});

test('files are dropped', { skip: skipWithoutChromium }, async () => {
  const { page, problems } = await tests.open('/start');
  await page.locator('.drop').first().waitFor();
  const transfer = await page.evaluateHandle(`(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(['dropped'], 'dropped.tflite'));
    return transfer;
  })()`);
  await page.locator('.drop').first().dispatchEvent('drop', { dataTransfer: transfer });
  await page.getByText('dropped.tflite, 7 B').waitFor();
  assert.deepEqual(problems, []);
  await page.context().close();
});

test('an architecture and a data set need no files', { skip: skipWithoutChromium }, async () => {
  const { page } = await tests.open('/start');
  await page.getByLabel('From', { exact: true }).selectOption('architecture');
  await page.getByLabel('Architecture').selectOption({ index: 1 });
  await page.getByLabel('Data from').selectOption('dataset');
  await page.getByLabel('Data set').selectOption('digits');
  await page.getByLabel('Name of the run').fill('try-1');
  await page.getByRole('button', { name: 'Start the run' }).click();
  await page.getByRole('heading', { level: 1, name: 'try-1' }).waitFor();
  const [start] = tests.studio.started.splice(0);
  assert.deepEqual(start.data, { name: 'digits' });
  assert.ok('architecture' in start.model && start.model.architecture !== '');
  await page.context().close();
});

test('what is missing, too large or refused is said, and nothing is begun', { skip: skipWithoutChromium }, async () => {
  const { page } = await tests.open('/start');
  await page.getByRole('button', { name: 'Start the run' }).click();
  const alert = page.getByRole('alert');
  for (const text of ['Choose a model', 'Choose data', 'Give the run a name']) await alert.getByText(text).waitFor();
  writeFileSync(join(folder, 'large.onnx'), Buffer.alloc(1_000_001));
  await page.locator('input[type=file]').first().setInputFiles(join(folder, 'large.onnx'));
  await alert.getByText('more than the 1 MB that this studio takes').waitFor();
  await page.locator('input[type=file]').first().setInputFiles(join(folder, 'my model.onnx'));
  await page
    .locator('input[type=file]')
    .nth(1)
    .setInputFiles(join(folder, 'photos', 'cats', '1.png'));
  tests.studio.refusal = { status: 409, message: 'There is a run "my-model" already', fix: 'Choose another name.' };
  await page.getByRole('button', { name: 'Start the run' }).click();
  await alert.getByText('Choose another name.').waitFor();
  tests.studio.refusal = undefined;
  assert.deepEqual(tests.studio.started, []);
  await page.context().close();
});
