// What `espalier compile --tune` wins on this machine, as C and as WebAssembly, by turns with the untuned code:
//   tsc -b tsconfig.json && node bench/tune.mjs [--shared ../shared] [--budget 120] [--rounds 21] [--targets c,wasm] [--tables FOLDER] [MODEL ...]
// Without names: into docs/compile.md. Each search begins without a table, and takes --budget seconds at most. Its own measurements choose; the ratios here
// are of other runs, made after it: medians over rounds, with their 95% intervals.
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadModel } from 'espalier/formats/node';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { ScheduleTable } from 'espalier/tuning';
import { benchOf, tune } from 'espalier/tuning/node';
import { inventedFeeds } from '../dist/diagnosis/index.js';
import { lowerGraph, planMemory, prepare } from '../dist/infrastructure/codegen/index.js';
import { medianInterval, quantile } from '../dist/infrastructure/hardware/index.js';
import { languages } from '../dist/infrastructure/targets/index.js';
import { compiledRunners } from '../dist/infrastructure/targets/node/index.js';
import { thisMachine } from '../examples/support/machine.mjs';
import { writePart } from '../examples/support/page.mjs';
import { models } from './compile/models.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    shared: { type: 'string', default: join(root, '..', 'shared') },
    budget: { type: 'string', default: '120' },
    rounds: { type: 'string', default: '21' },
    targets: { type: 'string', default: 'c,wasm' },
    tables: { type: 'string' },
  },
});
/** Milliseconds that the runs of one turn take together, about. */
const TURN = 30;
const runtime = createNodeRuntime({ threads: 1 });
const targets = values.targets.split(',');
const engines = [];
for (const target of targets) engines.push((await benchOf(target)).engine);

const rows = [
  '| model | code | untuned, ms | tuned / untuned | shapes of kernels: all, faster | tried | search, s |',
  '| --- | --- | --- | --- | --- | --- | --- |',
];
for (const [name, file] of await models(join(tmpdir(), 'espalier-bench-tune'), values.shared, runtime)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  for (const target of targets) {
    const line = await row(name, file, target);
    console.error(line);
    rows.push(line);
  }
}
await runtime.dispose();
const { processor, cores } = thisMachine();
const text = `${processor}, ${cores} cores; ${engines.join('; ')}.\n\n${rows.join('\n')}`;
if (positionals.length > 0) console.log(text);
else writePart(join(root, 'docs', 'compile.md'), 'tune', text);

async function row(name, file, target) {
  const source = loadModel(file);
  const model = await prepare(source, { runtime });
  const { schedule } = languages[target];
  const usual = lowerGraph(model, schedule);
  const shapes = Object.fromEntries(usual.inputs.map((input) => [input.name, input.shape]));
  const feeds = inventedFeeds(source, { shapes, seed: 1 });
  const found = await tune({ model, target, feeds, table: new ScheduleTable(), budget: 1000 * Number(values.budget) });
  if (values.tables) {
    mkdirSync(values.tables, { recursive: true });
    writeFileSync(join(values.tables, `${name}-${target}.json`), JSON.stringify(found.table, null, 1));
  }
  const tuned = lowerGraph(model, schedule, found.tilings);
  const programs = [];
  for (const lowered of [usual, tuned]) programs.push(await compiledRunners[target].open({ lowered, plan: planMemory(lowered.kernels) }));
  await warm(programs, feeds);
  const runs = Math.max(3, Math.min(2000, Math.round(TURN / quantile(await programs[0].time(feeds, 5), 0.5))));
  const times = [[], []];
  for (let round = 0; round < Number(values.rounds); round++)
    for (const each of round % 2 ? [1, 0] : [0, 1]) times[each].push(quantile(await programs[each].time(feeds, runs), 0.5));
  for (const program of programs) await program.dispose();
  const ratios = times[1].map((time, round) => time / times[0][round]);
  const { low, high } = medianInterval(ratios);
  const ratio =
    found.shapes.faster === 0 ? 'the same code' : `${quantile(ratios, 0.5).toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
  const search = `${found.seconds.toFixed(0)}${found.complete ? '' : ', not at its end'}`;
  return `| ${name} | ${target} | ${quantile(times[0], 0.5).toPrecision(3)} | ${ratio} | ${found.shapes.all}, ${found.shapes.faster} | ${found.tried} | ${search} |`;
}

/** V8 compiles what is run often once more. */
async function warm(programs, feeds) {
  for (const program of programs) for (const start = performance.now(); performance.now() - start < 300; ) await program.time(feeds, 10);
}
