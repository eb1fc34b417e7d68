// How soon samplers find good points where nothing is trained: NAS-Bench-Macro and two scenarios of YAHPO Gym, with Optuna beside them in one run.
//   npm run bench:search                               runs what is missing of Espalier's samplers, writes the tables of docs/search.md
//   npm run bench:search -- --python PATH              Optuna's too, by a Python that has optuna 5 (and torch and scipy for its Gaussian process)
//   npm run bench:search -- --again NAME,...           these samplers once more, e.g. --again tpe,auto
//   npm run bench:search -- --only nas-bench-macro     problems whose name begins so
//   npm run bench:search -- --samplers gp --seeds 5    these samplers, and so many runs of each problem, where a sampler is slow
// Scores of every run are kept in bench/search/results.json. Trials are proposed one by one on both sides, and seeds are 0, 1, 2, …
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runStudy } from 'espalier/automation';
import { ours, peers } from './search/contenders.mjs';
import { writePage } from './search/page.mjs';
import { openPeer } from './search/peer.mjs';
import { nasBenchMacro, suite, yahpo } from './search/problems.mjs';
import { BUDGETS, curve, mean, scoreOf } from './search/scores.mjs';

const { values: options } = parseArgs({
  options: {
    python: { type: 'string' },
    again: { type: 'string', default: '' },
    samplers: { type: 'string' },
    only: { type: 'string', default: '' },
    seeds: { type: 'string' },
    results: { type: 'string', default: fileURLToPath(new URL('./search/results.json', import.meta.url)) },
  },
});
const trials = Math.max(...BUDGETS);
const results = existsSync(options.results) ? JSON.parse(readFileSync(options.results, 'utf8')) : {};
const again = new Set(options.again.split(','));
const isWanted = (name) => !options.samplers || options.samplers.split(',').includes(name);

const problems = [
  { seeds: 30, open: async () => nasBenchMacro(), name: 'nas-bench-macro' },
  ...['lcbench', 'rbv2_xgboost'].flatMap((scenario) =>
    suite(scenario).map((entry) => ({ seeds: 10, open: () => yahpo(entry), name: `${scenario} ${entry.instance}` })),
  ),
].filter(({ name }) => name.startsWith(options.only));

const peer = options.python && (await openPeer(options.python));
for (const { name, seeds, open } of problems) {
  const problem = await open();
  const score = await scoreOf(problem);
  for (const [sampler, make] of Object.entries(ours)) {
    await fill(
      `espalier ${sampler}`,
      name,
      seeds,
      sampler,
      async (seed) => {
        const { space, directions, evaluate: objective } = problem;
        const study = await runStudy({ space, directions, objective, seed, sampler: make(), maxTrials: trials, waveSize: 1 });
        return study.trials.map((trial) => trial.values);
      },
      score,
    );
  }
  for (const sampler of peer ? peers : []) {
    await fill(
      `optuna ${peer.version} ${sampler}`,
      name,
      seeds,
      sampler,
      async (seed) => (await peer.study(problem, sampler, seed, trials)).values,
      score,
    );
  }
}
await peer?.close();
writePage(results);

/** Runs the seeds that are missing of one contender on one problem. */
async function fill(contender, problem, seeds, sampler, run, score) {
  if (!isWanted(sampler)) return;
  results[contender] ??= {};
  if (again.has(sampler)) delete results[contender][problem];
  results[contender][problem] ??= [];
  const runs = results[contender][problem];
  for (let seed = runs.length; seed < Number(options.seeds ?? seeds); seed++) {
    runs.push(curve(score, await run(seed)));
    keep();
  }
  const means = BUDGETS.map((_, i) => mean(runs.map((scores) => scores[i])).toFixed(4));
  console.error(`${problem}, ${contender}: ${means.join(' / ')}`);
}

function keep() {
  writeFileSync(`${options.results}.part`, `${JSON.stringify(results)}\n`);
  renameSync(`${options.results}.part`, options.results);
}
