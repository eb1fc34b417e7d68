import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readStudy, type TrialRecord } from 'espalier/automation';
import { readJournal } from 'espalier/automation/node';
import { EspalierError, OptionError } from 'espalier/base';
import { liveText, reportHtml } from 'espalier/report/render';
import { type RunInfo, techniques } from 'espalier/strategies';
import { readRun } from 'espalier/strategies/node';
import { type Technique, TechniqueRegistry } from 'espalier/technique';
import { essence } from './small-run.js';
import { isPoor, POINTS, type StoppedRun, stoppedRun } from './stopped-run.js';

const root = mkdtempSync(join(tmpdir(), 'espalier-stoppers-'));
after(() => rmSync(root, { recursive: true, force: true }));

interface Done {
  folder: string;
  info: RunInfo;
  trials: readonly TrialRecord[];
  /** That were trained. */
  epochs: number;
}

async function done(name: string, run: Omit<StoppedRun, 'folder'>): Promise<Done> {
  const folder = join(root, name);
  let epochs = 0;
  const info = await stoppedRun({ folder, ...run, onEpoch: () => epochs++ });
  return { folder, info, trials: await trialsIn(folder), epochs };
}

async function trialsIn(folder: string): Promise<readonly TrialRecord[]> {
  return readStudy(await readJournal(join(folder, 'journal.jsonl'))).trials;
}

const without = done('none', { stopper: 'none' });
const asha = done('asha', { stopper: 'asha' });
const frontOf = ({ models }: RunInfo) => models.filter(({ onFront }) => onFront).map(({ id }) => id);
const stopped = ({ stopped: given }: TrialRecord['attributes']) => given as { stage: string };
const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown;

test('without a stopper every trial runs to its end, and nothing is reported', async () => {
  const { info, trials, epochs } = await without;
  assert.deepEqual(info.trials, { finished: POINTS.length, failed: 0, stopped: 0 });
  assert.equal(trials.flatMap(({ reports }) => reports).length, 0);
  // Two of the trials begin as others do.
  assert.equal(epochs, 9 * (POINTS.length - 2));
});

for (const stopper of ['asha', 'median']) {
  test(`${stopper}: what is poor is given up, fewer epochs are trained, and the front is that of a run without`, async (t) => {
    const [whole, run] = [await without, stopper === 'asha' ? await asha : await done(stopper, { stopper })];
    t.diagnostic(`${run.epochs} of ${whole.epochs} epochs, ${run.info.trials.stopped} of ${POINTS.length} trials stopped`);
    assert.ok(run.info.trials.stopped >= 3);
    assert.ok(run.epochs < whole.epochs - 9);
    for (const { state, point, reports, attributes } of run.trials) {
      assert.ok(state === 'completed' || (state === 'stopped' && isPoor(point)), `${state} ${JSON.stringify(point)}`);
      if (state === 'completed') assert.equal(reports.length, 9);
      else assert.deepEqual(attributes.stopped, { ...stopped(attributes), epoch: reports.length, technique: 'prune' });
      for (const { values } of reports) assert.equal(values?.length, 2);
    }
    assert.deepEqual(frontOf(run.info), frontOf(whole.info));
  });
}

test('a stage that one trial was given up in is finished for another that begins alike', async () => {
  const [whole, { trials, folder }] = [await without, await asha];
  const given = trials.filter(({ state }) => state === 'stopped');
  const shared = trials.filter(({ point, state }) => state === 'completed' && point.next === 'quantize');
  assert.equal(shared.length, 2);
  for (const { point, reports, attributes } of shared) {
    const other = given.find((trial) => trial.point.keep === point.keep && trial.point.rate === point.rate);
    assert.ok(other, 'no trial that begins alike was given up');
    const qualities = (trial: Pick<TrialRecord, 'reports'>) => trial.reports.map(({ value }) => value);
    assert.deepEqual(qualities({ reports }).slice(0, other.reports.length), qualities(other));
    const models = attributes.candidates as unknown as RunInfo['models'];
    for (const { id, validation } of models)
      assert.deepEqual(plain(validation), plain(whole.info.models.find((model) => model.id === id)?.validation));
  }
  // What nobody went on with leaves nothing behind.
  const work = join(folder, '.work');
  assert.deepEqual(existsSync(work) ? readdirSync(work) : [], []);
});

test('the foreseen footprint is that of the finished model', async () => {
  for (const { state, reports, values } of (await asha).trials) {
    if (state !== 'completed') continue;
    const [bytes, foreseen] = [values?.[1] as number, reports[0].values?.[1] as number];
    assert.ok(Math.abs(foreseen / bytes - 1) < 0.02, `${foreseen} foreseen, ${bytes} in the end`);
  }
});

const ended = ({ trials }: Done) => trials.map(({ number, state, reports }) => ({ number, state, reports }));

test('several jobs, and workers, give up the same trials at the same epochs', async () => {
  const one = await asha;
  for (const [name, run] of Object.entries({ jobs: { jobs: 2 }, queued: { jobs: 3, isQueued: true } })) {
    const other = await done(name, { stopper: 'asha', ...run });
    assert.deepEqual(plain(ended(other)), plain(ended(one)), name);
    assert.deepEqual(plain(essence(other.info)), plain(essence(one.info)), name);
  }
});

test('a training that fails after some epochs was as good until then as it said, with workers, too', async () => {
  const failing = techniques.all().map((technique): Technique => {
    if (technique.name !== 'prune') return technique;
    return {
      ...technique,
      apply: async (context, options) => {
        if (options.learningRate === 0.01 || options.tuning === 'none') return technique.apply(context, options);
        for (const quality of [0.3, 0.4, 0.2, 0.1]) await context.onQuality?.(quality);
        throw new EspalierError('The loss is no number any more');
      },
    };
  });
  const registry = new TechniqueRegistry(failing);
  const one = await done('failing', { stopper: 'asha', registry });
  const queued = await done('failing, queued', { stopper: 'asha', registry, jobs: 3, isQueued: true });
  assert.ok(one.trials.some(({ state, reports }) => state === 'failed' && reports.length === 4));
  assert.deepEqual(plain(ended(queued)), plain(ended(one)));
});

test('of a recipe that fails further on, what came before is kept, with workers, too', async () => {
  const apply = () => Promise.reject(new OptionError('It does not work'));
  const failing = techniques.all().map((technique) => (technique.name === 'quantize' ? { ...technique, apply } : technique));
  const registry = new TechniqueRegistry(failing);
  const one = await done('fails further on', { stopper: 'none', registry });
  const queued = await done('fails further on, queued', { stopper: 'none', registry, jobs: 3, isQueued: true });
  const failed = one.trials.filter(({ state }) => state === 'failed');
  assert.ok(failed.length > 0);
  for (const { error, attributes } of failed) {
    assert.match(error?.message ?? '', /It does not work/);
    const [{ id, recipe }, ...more] = attributes.candidates as unknown as RunInfo['models'];
    assert.deepEqual([recipe.map(({ technique }) => technique), more], [['prune'], []]);
    assert.ok(one.info.models.some((model) => model.id === id && existsSync(join(one.folder, model.file))));
  }
  assert.deepEqual(plain(essence(queued.info)), plain(essence(one.info)));
});

test('a worker leaves a stage in the middle once no trial wants it', async (t) => {
  const [whole, run] = [await without, await done('left by workers', { stopper: 'median', jobs: 1, isQueued: true })];
  t.diagnostic(`${run.epochs} of ${whole.epochs} epochs, ${run.info.trials.stopped} of ${POINTS.length} trials stopped`);
  assert.deepEqual(plain(ended(run)), plain(ended(await done('median again', { stopper: 'median' }))));
  assert.ok(run.epochs < whole.epochs - 9);
});

/** Runs a process that is killed once it has trained so many epochs. @returns the signal that ended it, or its exit code. */
async function killedAfter(epochs: number, folder: string): Promise<string | number | null> {
  const script = fileURLToPath(new URL('./stopped-child.js', import.meta.url));
  const child = spawn(process.execPath, [script, folder, 'asha', String(epochs)], { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return signal ?? code;
}

test('kill -9 between epochs: the run that goes on decides as an undisturbed one', async () => {
  const undisturbed = await asha;
  const folder = join(root, 'killed');
  for (const epochs of [7, 20, 15]) assert.equal(await killedAfter(epochs, folder), 'SIGKILL');
  const info = await stoppedRun({ folder, stopper: 'asha' });
  const withValues = (trials: readonly TrialRecord[]) =>
    trials.map(({ number, state, reports, values }) => ({ number, state, reports, values }));
  assert.deepEqual(plain(withValues(await trialsIn(folder))), plain(withValues(undisturbed.trials)));
  assert.deepEqual(plain(essence(info)), plain(essence(undisturbed.info)));
});

test('those who look on see which trials were given up, and when', async () => {
  const { folder, trials } = await asha;
  const run = await readRun(folder);
  const given = trials.filter(({ state }) => state === 'stopped');
  const { info } = await asha;
  assert.deepEqual(
    info.stopped?.map(({ trial, epoch }) => [trial, epoch]),
    given.map(({ number, reports }) => [number, reports.length]),
  );
  assert.ok(reportHtml(info).includes(`given up after epoch ${given[0].reports.length}, in prune`));
  assert.match(liveText(run, { width: 120, color: false }), new RegExp(`${given.length} stopped early`));
  for (const { number, state, reports, attributes } of trials) {
    const shown = run.trials[number];
    assert.equal(shown.state, state);
    assert.deepEqual(shown.stopped, attributes.stopped);
    if (state === 'stopped') assert.match(stopped(attributes).stage, /^prune-/);
    assert.deepEqual(
      shown.curve,
      reports.map(({ step, value }) => ({ step, value })),
    );
    assert.ok(shown.label?.startsWith('prune'));
  }
});

test('a run keeps its stopper, and there are no others', async () => {
  const { folder } = await asha;
  await assert.rejects(stoppedRun({ folder, stopper: 'median' }), (error: unknown) => {
    return error instanceof OptionError && /another stopper/.test(error.message);
  });
  await assert.rejects(stoppedRun({ folder: join(root, 'unknown'), stopper: 'abrupt' }), /Unknown stopper/);
});
