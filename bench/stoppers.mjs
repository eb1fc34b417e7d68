// What early stopping saves and costs: the main job on the digits that come with the package, with each stopper, from the same start.
//   npm run bench:stoppers                              runs what is missing, writes the table of docs/search.md
//   npm run bench:stoppers -- --only asha,median        these stoppers; --seeds 3: so many runs of each; --again asha: once more
// Every run is kept in bench/stoppers.json: epochs that were trained, processor seconds, hypervolume of the models on validation data.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { surveyCnn } from 'espalier/architectures';
import { stoppers } from 'espalier/automation';
import { subset } from 'espalier/data';
import { openDataset } from 'espalier/data/node';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { createTask } from 'espalier/modalities';
import { hypervolume } from 'espalier/pareto';
import { optimize, shrinkAndImprove, techniques } from 'espalier/strategies';
import { nodeHost, openWorkspace } from 'espalier/strategies/node';
import { train } from 'espalier/training';

const TRIALS = 32;
const EPOCHS = 9;
const SAMPLES = 640;

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: Object.keys(stoppers).join() },
    seeds: { type: 'string', default: '2' },
    again: { type: 'string', default: '' },
  },
});
const path = fileURLToPath(new URL('./stoppers.json', import.meta.url));
const page = fileURLToPath(new URL('../docs/search.md', import.meta.url));
const results = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
const again = new Set(options.again.split(','));

const runtime = createNodeRuntime({ threads: 1 });
const source = await openDataset('digits');
const { task, original } = await startFrom(source);
const folder = mkdtempSync(join(tmpdir(), 'espalier-stoppers-'));
try {
  for (let seed = 0; seed < Number(options.seeds); seed++) {
    for (const stopper of options.only.split(',')) {
      const key = `${stopper} ${seed}`;
      if (results[key] && !again.has(stopper)) continue;
      results[key] = await measured(stopper, seed);
      console.log(key, JSON.stringify(results[key]));
      writeFileSync(path, `${JSON.stringify(results, null, 2)}\n`);
    }
  }
} finally {
  rmSync(folder, { recursive: true });
  await runtime.dispose();
  await source.close();
}
writePage();

/** A small network that has been trained on a part of the digits. */
async function startFrom(digits) {
  const model = surveyCnn.build({ input: [1, 8, 8], classes: 10, width: 0.5 });
  const { task: whole } = await createTask(model, digits, runtime, { preprocess: '0-1' });
  const few = subset(
    whole.splits.train,
    Int32Array.from({ length: SAMPLES }, (_, i) => i),
    'few digits',
  );
  const small = { ...whole, splits: { ...whole.splits, train: few } };
  const training = { epochs: 12, batchSize: 32, learningRate: 0.003, evaluateEvery: 0 };
  return { task: small, original: (await train({ model, task: small, runtime, options: training })).model };
}

async function measured(stopper, seed) {
  const own = join(folder, `${stopper}-${seed}`);
  const workspace = await openWorkspace(own);
  let epochs = 0;
  const begun = process.cpuUsage();
  const info = await optimize({
    ...{ name: 'digits', original, task, strategy: shrinkAndImprove, registry: techniques, runtime, workspace },
    host: { ...nodeHost(runtime, own, { threads: 1, checked: [] }), serving: async () => [] },
    onProgress: (event) => {
      if (event.epoch) epochs++;
    },
    options: { trials: TRIALS, epochs: EPOCHS, jobs: 2, threads: 1, seed, stopper },
  });
  const { user, system } = process.cpuUsage(begun);
  await workspace.close();
  const { baseline, models, trials } = info;
  // The box from half of the answers right, at the baseline's size and work, to all of them right for nothing.
  const { bytes, macs } = baseline.footprint;
  const points = models.map(({ validation, footprint }) => [2 * (1 - validation.value), footprint.bytes / bytes, footprint.macs / macs]);
  const volume = hypervolume(points, [1, 1, 1], ['minimize', 'minimize', 'minimize']);
  return { epochs, seconds: (user + system) / 1e6, hypervolume: volume, stopped: trials.stopped, failed: trials.failed };
}

function writePage() {
  const seeds = [...new Set(Object.keys(results).map((key) => key.split(' ')[1]))];
  const rows = Object.keys(stoppers).flatMap((stopper) => {
    const runs = seeds.flatMap((seed) => (results[`none ${seed}`] && results[`${stopper} ${seed}`] ? [seed] : []));
    if (runs.length === 0) return [];
    const mean = (of) => runs.reduce((sum, seed) => sum + of(results[`${stopper} ${seed}`], results[`none ${seed}`]), 0) / runs.length;
    const cells = [
      mean(({ stopped }) => stopped).toFixed(1),
      mean(({ epochs }) => epochs).toFixed(0),
      mean(({ epochs }, without) => epochs / without.epochs).toFixed(2),
      mean(({ seconds }, without) => seconds / without.seconds).toFixed(2),
      mean((run) => run.hypervolume).toFixed(4),
    ];
    return `| ${stopper} | ${runs.length} | ${cells.join(' | ')} |`;
  });
  const head = '| stopper | runs | trials stopped | epochs trained | ratio | processor time, ratio | hypervolume |';
  const table = [head, '| --- | --- | --- | --- | --- | --- | --- |', ...rows].join('\n');
  const text = readFileSync(page, 'utf8');
  writeFileSync(page, text.replace(/(<!-- stoppers: begin -->)[\s\S]*?(<!-- stoppers: end -->)/, `$1\n${table}\n$2`));
}
