import assert from 'node:assert/strict';
import { test } from 'node:test';
import { skipWithoutChromium } from '../support/browser/index.js';
import { liveDigits } from '../support/studio/live.js';
import { useStudio } from '../support/studio/open.js';

const tests = useStudio();

test('a connection that is lost is said, what was known stays, and it comes back by itself', { skip: skipWithoutChromium }, async () => {
  const { page } = await tests.open('/run/digits');
  await page.getByText('13 of 20 trials').waitFor();
  tests.studio.leave();
  await page.getByText('The connection to the studio is lost.').waitFor();
  assert.ok(await page.getByRole('button', { name: 'Pause' }).isDisabled(), 'nobody would hear it');
  await page.getByText('13 of 20 trials').waitFor();
  tests.studio.runs.set('digits', liveDigits({ wanted: 30, revision: 9 }));
  tests.studio.comeBack();
  await page.getByText('13 of 30 trials').waitFor();
  await page.getByText('The connection to the studio is lost.').waitFor({ state: 'detached' });
  await page.context().close();
});

test('the list of runs waits for the studio in the same way', { skip: skipWithoutChromium }, async () => {
  const { page } = await tests.open('/');
  await page.getByRole('link', { name: 'digits' }).waitFor();
  tests.studio.leave();
  await page.getByText('The connection to the studio is lost.').waitFor();
  await page.getByRole('link', { name: 'digits' }).waitFor();
  tests.studio.comeBack();
  await page.getByText('The connection to the studio is lost.').waitFor({ state: 'detached' });
  await page.context().close();
});

test('a run that is gone, and one that never was', { skip: skipWithoutChromium }, async () => {
  const { page } = await tests.open('/run/digits');
  await page.getByText('13 of').waitFor();
  const run = tests.studio.runs.get('digits');
  tests.studio.remove('digits');
  await page.getByText("The run's folder is gone").waitFor();
  assert.ok(run);
  tests.studio.runs.set('digits', run);
  await page.goto(`${tests.address}#/run/never`);
  await page.getByRole('alert').getByText('There is no run "never"').waitFor();
  await page.context().close();
});

test('an answer that is none is said, and not drawn', { skip: skipWithoutChromium }, async () => {
  const { page, problems } = await tests.open('/');
  tests.studio.runs.set('odd', { ...liveDigits(), trials: [{ number: 'one' }] as never });
  await page.goto(`${tests.address}#/run/odd`);
  await page.getByRole('alert').getByText("The server's answer is not as expected: trials.0.number").waitFor();
  tests.studio.runs.delete('odd');
  assert.deepEqual(problems, []);
  await page.context().close();
});
