import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SearchSpace } from 'espalier/automation';
import type { Steering } from 'espalier/strategies';
import { skipWithoutChromium } from '../support/browser/index.js';
import { liveDigits } from '../support/studio/live.js';
import { useStudio } from '../support/studio/open.js';

const tests = useStudio();

/** What the run was told since the last time. */
function told(): Steering[] {
  return tests.studio.steered.splice(0).map(({ message }) => message);
}

test('a run is paused, resumed, given more trials, and stopped after a question', { skip: skipWithoutChromium }, async () => {
  const { page, problems } = await tests.open('/run/digits');
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByText('No trial is begun until the run is resumed').waitFor();
  assert.deepEqual(told(), [{ kind: 'pause' }]);
  tests.studio.change('digits', { state: 'paused' });
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.getByRole('status').getByText('Resumed', { exact: true }).waitFor();
  assert.deepEqual(told(), [{ kind: 'resume' }]);
  tests.studio.change('digits', { state: 'searching' });

  await page.getByLabel('Trials in all').fill('40');
  await page.getByRole('button', { name: 'Set', exact: true }).click();
  await page.getByRole('status').getByText('40 trials in all').waitFor();
  assert.deepEqual(told(), [{ kind: 'trials', trials: 40 }]);
  tests.studio.change('digits', { wanted: 40 });
  await page.getByText('13 of 40 trials').waitFor();

  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await page.getByRole('button', { name: 'Go on' }).click();
  assert.deepEqual(told(), []);
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await page.getByRole('button', { name: 'Stop the run' }).click();
  await page.getByRole('status').getByText('The run stops, and measures what there is').waitFor();
  assert.deepEqual(told(), [{ kind: 'stop' }]);
  tests.studio.change('digits', { state: 'settling' });
  await page.getByText('The front is measured on the test part.').waitFor();
  assert.ok(await page.getByRole('button', { name: 'Stop', exact: true }).isDisabled());
  assert.deepEqual(problems, []);
  tests.studio.runs.set('digits', liveDigits());
  await page.context().close();
});

test('limits are changed in mid-run: in units, lifted when empty, refused when they are none', { skip: skipWithoutChromium }, async () => {
  const { page, problems } = await tests.open('/run/digits');
  await page.getByRole('button', { name: 'Change limits' }).click();
  const form = page.getByRole('form', { name: 'Limits' });
  await form.getByLabel('Largest file').fill('much');
  await form.getByText('Expected something like 100 KB').waitFor();
  assert.ok(await form.getByRole('button', { name: 'Apply' }).isDisabled());
  await form.getByLabel('Largest file').fill('64.2 KB');
  await form.getByLabel('Largest loss of quality').fill('');
  await form.getByLabel('Worst quality').fill('95%');
  await form.getByRole('button', { name: 'Apply' }).click();
  await form.waitFor({ state: 'detached' });
  assert.deepEqual(told(), [{ kind: 'limits', limits: { maxSize: 64_200, maxDrop: null, minQuality: 0.95 } }]);
  tests.studio.change('digits', { limits: { maxSize: 64_200, minQuality: 0.95 } });
  await page.locator('.chips li', { hasText: 'Largest file 64.2 KB' }).waitFor();
  assert.equal(await page.locator('.chips li').count(), 2);
  assert.deepEqual(problems, []);
  tests.studio.runs.set('digits', liveDigits());
  await page.context().close();
});

test('a trial by hand: fields follow from what is chosen, and the point is one of the space', { skip: skipWithoutChromium }, async () => {
  const { page, problems } = await tests.open('/run/digits/trials');
  await page.getByRole('button', { name: 'As this, changed: trial 3' }).click();
  await page.getByRole('heading', { name: 'A trial as trial 3, changed' }).waitFor();
  assert.equal(await page.getByLabel('keep').count(), 0, 'trial 3 does not prune');
  await page.getByLabel('prune').selectOption({ label: 'true' });
  await page.getByLabel('keep').fill('0.95');
  await page.getByRole('alert').getByText('outside the search space').waitFor();
  assert.ok(await page.getByRole('button', { name: 'Add the trial' }).isDisabled());
  await page.getByLabel('keep').fill('0.25');
  await page.getByLabel('quantize').selectOption('static');
  await page.getByRole('button', { name: 'Add the trial' }).click();
  await page.getByRole('heading', { name: 'A trial as trial 3, changed' }).waitFor({ state: 'detached' });
  const [message] = told();
  assert.equal(message.kind, 'trial');
  const { space = {}, trials } = liveDigits();
  const { point } = message as Extract<Steering, { kind: 'trial' }>;
  assert.deepEqual(new SearchSpace(space).check(point), point);
  assert.deepEqual(point, { ...trials[3].point, prune: true, keep: 0.25, quantize: 'static' });
  assert.deepEqual(problems, []);
  await page.context().close();
});

test('what the studio refuses is said, with what to do', { skip: skipWithoutChromium }, async () => {
  const { page } = await tests.open('/run/digits');
  await page.getByRole('button', { name: 'Pause' }).waitFor();
  tests.studio.refusal = { status: 409, message: 'Nobody is at work in this run', fix: 'The same command goes on with it.' };
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('alert').getByText('The same command goes on with it.').waitFor();
  tests.studio.refusal = undefined;
  assert.deepEqual(told(), []);
  await page.context().close();
});
