import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readJournal } from 'espalier/automation/node';
import { FormatError, OptionError } from 'espalier/base';
import { type LiveRun, type Steering, techniques } from 'espalier/strategies';
import { followRun, readRun, steer } from 'espalier/strategies/node';
import { TechniqueRegistry } from 'espalier/technique';
import { essence, type SmallRun, smallRun, trainStart } from './small-run.js';

let folder: string;
let start: string;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-steering-'));
  start = await trainStart(folder);
});
after(() => rmSync(folder, { recursive: true, force: true }));

const optionsOf = (name: string): SmallRun => ({
  folder: join(folder, name),
  strategy: 'shrink-and-improve',
  trials: 5,
  epochs: 1,
  jobs: 1,
});
const pointsOf = ({ trials }: LiveRun) => trials.map(({ point }) => JSON.stringify(point));

/** Follows a run until it is as it should be. */
async function until(out: string, is: (run: LiveRun) => boolean): Promise<LiveRun> {
  let followed: Awaited<ReturnType<typeof followRun>> | undefined;
  while (!followed) {
    followed = await followRun(out, { pollMs: 100, gatherMs: 5 }).catch(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { run, onChange, close } = followed;
  await new Promise<void>((resolve) => {
    onChange(() => is(run()) && resolve());
    if (is(run())) resolve();
  });
  await close();
  return run();
}

/** Techniques that wait until they are let go: until then a run stays where it is. */
function heldTechniques(): { registry: TechniqueRegistry; letGo: () => void } {
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const waiting = techniques.all().map((technique) => ({
    ...technique,
    apply: async (...[context, options]: Parameters<typeof technique.apply>) => {
      context.onProgress?.({ task: 'held', done: 0 });
      await held;
      return technique.apply(context, options);
    },
  }));
  return { registry: new TechniqueRegistry(waiting), letGo };
}

const says = (text: RegExp) => (run: LiveRun) => run.messages.some((message) => text.test(message.text));

test('a run that is paused, limited, given a recipe, shortened and resumed ends accordingly, and goes on so', async () => {
  const whole = optionsOf('whole');
  await smallRun(whole, start);
  const unsteered = await readRun(whole.folder);
  const steered = optionsOf('steered');
  const { folder: out } = steered;
  const tell = (message: Steering) => steer(out, message);
  const { registry, letGo } = heldTechniques();
  const running = smallRun({ ...steered, registry }, start);
  await until(out, ({ trials }) => trials.length > 0);
  await tell({ kind: 'pause' });
  await until(out, ({ state }) => state === 'paused');
  letGo();
  const paused = await until(out, ({ state, workers }) => state === 'paused' && workers.every(({ trial }) => trial === undefined));
  const count = paused.trials.length;
  assert.equal(count, 1);
  assert.deepEqual(pointsOf(paused), pointsOf(unsteered).slice(0, count));

  const sizes = unsteered.models.map(({ footprint }) => footprint.bytes).sort((a, b) => a - b);
  const maxSize = sizes[0] + 1;
  await tell({ kind: 'limits', limits: { maxSize } });
  const limited = await until(out, says(/limits are now maxSize/));
  assert.deepEqual(limited.limits, { maxSize });
  for (const { breaks, footprint } of limited.models) assert.equal(breaks.includes('maxSize'), footprint.bytes > maxSize);
  await tell({ kind: 'limits', limits: { maxLatency: 3 } });
  await until(out, says(/not followed: maxLatency: This run does not time its models/));
  await tell({ kind: 'trial', point: { nothing: 1 } });
  await until(out, says(/not followed: .*no such parameter/));
  writeFileSync(join(out, 'steering', '1.json'), 'no message');
  await until(out, says(/not followed: 1\.json: Not a message/));

  const byHand = JSON.parse(pointsOf(unsteered)[4]) as Record<string, string>;
  await tell({ kind: 'trial', point: byHand });
  const nothing = { prune: 'none', factorize: 'none', cluster: 'none', quantize: 'none' };
  await tell({ kind: 'trial', point: nothing });
  await tell({ kind: 'trials', trials: count + 3 });
  await tell({ kind: 'resume' });
  const info = await running;
  const ended = await readRun(out);
  assert.equal(ended.trials.length, count + 3);
  assert.deepEqual([ended.trials[count].byHand, JSON.stringify(ended.trials[count].point)], [true, JSON.stringify(byHand)]);
  assert.deepEqual(
    [ended.trials[count + 1].state, ended.trials[count + 1].models],
    ['completed', []],
    'what changes nothing is the baseline',
  );
  assert.notEqual(pointsOf(ended)[count + 2], pointsOf(unsteered)[count + 1], 'the trial that is proposed next has changed');
  assert.deepEqual([info.limits, info.complete], [{ maxSize }, true]);
  for (const { onFront, footprint } of info.models) assert.ok(!onFront || footprint.bytes <= maxSize);
  assert.deepEqual(readdirSync(join(out, 'steering')), []);
  const kinds = (await readJournal(join(out, 'journal.jsonl'))).flatMap(({ kind, data }) =>
    kind === 'steered' ? [(data as unknown as { message: Steering }).message.kind] : [],
  );
  assert.deepEqual(kinds, ['pause', 'limits', 'trial', 'trial', 'trials', 'resume']);

  const again = await smallRun(steered, start);
  assert.deepEqual(essence(again), essence(info));
  const described = (await readJournal(join(out, 'journal.jsonl'))).filter(({ kind }) => kind === 'live');
  assert.equal(described.length, 2, 'nothing of what the run is has changed');
  assert.ok(says(/limits were changed in the course of this run: maxSize/)(await readRun(out)));
  assert.ok(says(/told to try \d recipes/)(await readRun(out)));
});

test('stop: the run ends as if its budget were over, and the same command goes on', async () => {
  const stopped = optionsOf('stopped');
  const { registry, letGo } = heldTechniques();
  const running = smallRun({ ...stopped, registry }, start);
  await until(stopped.folder, ({ trials }) => trials.length > 0);
  await steer(stopped.folder, { kind: 'stop' });
  await until(stopped.folder, says(/Told to stop/));
  letGo();
  const info = await running;
  assert.equal(info.complete, false);
  assert.ok(info.trials.finished < 5);
  assert.equal((await smallRun(stopped, start)).complete, true);
});

test('stop while the baseline is trained: it is measured and written, no recipe is tried, and the same command goes on', async () => {
  const early: SmallRun = { folder: join(folder, 'early'), strategy: 'grow-improve-shrink', trials: 1 };
  const { registry, letGo } = heldTechniques();
  const running = smallRun({ ...early, registry }, start);
  const training = await until(early.folder, ({ workers }) => workers.some(({ task }) => task?.startsWith('baseline/')));
  assert.equal(training.state, 'starting');
  await steer(early.folder, { kind: 'stop' });
  letGo();
  const info = await running;
  assert.deepEqual([info.complete, info.trials.finished, info.models.length], [false, 0, 0]);
  assert.ok((info.baseline.test?.samples ?? 0) > 0, 'the baseline is measured on the test part');
  assert.equal((await readRun(early.folder)).state, 'complete');
  assert.deepEqual(readdirSync(join(early.folder, 'steering')), []);
  const whole = await smallRun(early, start);
  assert.deepEqual([whole.complete, whole.trials.finished], [true, 1]);
  assert.deepEqual(whole.baseline.validation, info.baseline.validation);
});

test('only a run at work is told anything', async () => {
  const refused = (what: RegExp) => (error: Error) => error instanceof OptionError && what.test(error.message);
  await assert.rejects(steer(join(folder, 'nowhere'), { kind: 'pause' }), refused(/There is no run here/));
  await assert.rejects(steer(join(folder, 'stopped'), { kind: 'pause' }), refused(/The run is complete/));
  await assert.rejects(steer(join(folder, 'stopped'), { kind: 'dance' } as unknown as Steering), FormatError);
});
