// A search of architectures on real data by three samplers: grow-improve-shrink on the package's digits, under a limit on the file's size.
//   npm run bench:architectures                 writes the table of docs/search.md
//   npm run bench:architectures -- --seeds 3 --work DIR    more runs; those that are in DIR are gone on with, and it is kept
// Runs the command itself. The first trials are the same for every sampler, so that they differ by what comes after.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { table, writePart } from '../examples/support/page.mjs';
import { done } from './queue/processes.mjs';

const { values: options } = parseArgs({ options: { seeds: { type: 'string', default: '2' }, work: { type: 'string' } } });
const samplers = ['random', 'evolution', 'tpe'];
const BUDGETS = [12, 24, 40];
const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const setting =
  '--arch resnet-8 --width 0.25 --data digits --families resnet-8,resnet-20,fast-cnn --max-size 24KB --epochs 4 --serving none --trials'.split(
    ' ',
  );
const work = options.work ? resolve(options.work) : mkdtempSync(join(tmpdir(), 'espalier-architectures-'));
const results = {};
try {
  for (let seed = 0; seed < Number(options.seeds); seed++) {
    for (const sampler of samplers) {
      const out = join(work, `${sampler}-${seed}`);
      await done(work, 'optimize', ...setting, String(BUDGETS.at(-1)), '--sampler', sampler, '--seed', String(seed), '--out', out);
      results[sampler] ??= [];
      results[sampler].push(await found(JSON.parse(readFileSync(join(out, 'front.json'), 'utf8'))));
      console.error(`${sampler}, seed ${seed}: ${JSON.stringify(results[sampler].at(-1))}`);
      writeFileSync(path('./architectures.json'), `${JSON.stringify(results, undefined, 1)}\n`);
    }
  }
} finally {
  if (options.work === undefined) rmSync(work, { recursive: true, force: true });
}
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const percent = (values) => `${(100 * mean(values)).toFixed(2)}%`;
const rows = Object.entries(results).map(([sampler, runs]) => [
  sampler,
  runs.length,
  ...BUDGETS.map((_, i) => percent(runs.map(({ best }) => best[i]))),
  mean(runs.map(({ finished }) => finished)).toFixed(1),
  mean(runs.map(({ within }) => within)).toFixed(1),
  (mean(runs.map(({ hypervolume }) => hypervolume)) / 1e6).toFixed(0),
  runs.map(({ label, test }) => `${label} (test: ${(100 * test).toFixed(1)}%)`).join('; '),
]);
const head = [
  'sampler',
  'runs',
  ...BUDGETS.map((budget) => `best after ${budget} trials`),
  'trials that ended with a model',
  'models within the limit',
  'hypervolume (millions)',
  'best within the limit',
];
writePart(path('../docs/search.md'), 'architectures', table([head, ...rows]));

/** The best validation quality within the limit after each number of trials, and which model that is. */
function found({ models, limits, trials, hypervolume }) {
  const within = models.filter(({ footprint }) => footprint.bytes <= limits.maxSize);
  const bestOf = (some) =>
    some.reduce((best, model) => (!best || model.validation.value > best.validation.value ? model : best), undefined);
  const best = BUDGETS.map((budget) => bestOf(within.filter(({ trial }) => trial < budget))?.validation.value ?? 0);
  const { label, test } = bestOf(within.filter(({ onFront }) => onFront));
  return { best, finished: trials.finished, within: within.length, hypervolume, label, test: test.value };
}
