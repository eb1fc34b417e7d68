// What compression may cost, held against every classifier with data: int8, 4 and 2 bits, half the multiply-accumulates, and three times smaller with twice the speed.
// Each row is what the commands of the documentation make with their defaults. Recipes of `small` were chosen by time and size after rows had been seen: see docs/goals.md.
//   npm run bench:goals                              trains and runs what is missing, and writes the table of docs/goals.md
//   npm run bench:goals -- --only MODEL,...          of these models alone; --rows ROW,... likewise
//   npm run bench:goals -- --again                   also what is there already
//   npm run bench:goals -- --time                    only times what was made once more, when the machine is quiet
//   npm run bench:goals -- --report                  writes the table alone
// ../shared holds the models and data; --work keeps what is made, so that it can be timed again.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { footprint } from 'espalier/infrastructure/hardware';
import { loadModel, modelBytes } from 'espalier/onnx/node';
import { thisMachine } from '../examples/support/machine.mjs';
import { modelsOf } from './goals/models.mjs';
import { writePage } from './goals/page.mjs';
import { differenceOf, ROWS, verdictOf } from './goals/rows.mjs';
import { timed } from './goals/timed.mjs';
import { limited } from './techniques/limited.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: {
    results: { type: 'string', default: join(root, 'examples', 'results', 'goals.json') },
    shared: { type: 'string', default: join(root, '..', 'shared') },
    work: { type: 'string', default: join(tmpdir(), 'espalier-goals') },
    only: { type: 'string' },
    rows: { type: 'string' },
    again: { type: 'boolean' },
    time: { type: 'boolean' },
    report: { type: 'boolean' },
    seconds: { type: 'string', default: '3600' },
    megabytes: { type: 'string', default: '6000' },
  },
});
const limits = { seconds: Number(values.seconds), megabytes: Number(values.megabytes) };
const known = existsSync(values.results) ? JSON.parse(readFileSync(values.results, 'utf8')) : { models: {} };

if (!values.report) await sweep();
writePage(known, join(root, 'docs', 'goals.md'));

async function sweep() {
  const isWanted = (list, name) => !list || list.split(',').includes(name);
  for (const model of modelsOf(values.shared, values.work).filter(({ name }) => isWanted(values.only, name))) {
    for (const [row, claim] of Object.entries(ROWS).filter(
      ([name]) => (name === 'small' ? model.small : model.rows.includes(name)) && isWanted(values.rows, name),
    )) {
      const before = known.models[model.name]?.runs[row];
      if (values.time ? !before?.before : before && !values.again) continue;
      const run = values.time ? await timedAgain(model, row, before) : await tried(model, row, claim);
      keep(model, row, run);
      const [difference, low, high] = run.before ? differenceOf(run).map((points) => points.toFixed(2)) : [run.why];
      console.log(
        `${model.name}, ${claim.title}: ${difference} (${low} to ${high}), ${run.time?.[0].toFixed(2)}×: ${verdictOf(claim, run)}`,
      );
    }
  }
}

/** One row: all its commands, one after the other, and what the last file answers beside the model. */
async function tried(model, row, { steps = model.small }) {
  const start = performance.now();
  await model.make?.();
  if (model.train && !existsSync(model.path)) {
    mkdirSync(dirname(model.path), { recursive: true });
    const trained = await command(['train', ...model.train, '-o', model.path]);
    if (trained.failed) return trained;
  }
  let from = model.path;
  const remarks = [];
  for (const [index, words] of steps.entries()) {
    const isLast = index === steps.length - 1;
    const out = pathOf(model, isLast ? row : words.join(' '));
    mkdirSync(dirname(out), { recursive: true });
    // What loses too much is to be seen, too.
    const untimed = words.includes('--require-faster') ? [] : ['--no-time'];
    if (isLast || !existsSync(out)) {
      const made = await command([words[0], from, ...words.slice(1), ...model.data, ...untimed, '--force', '-o', out]);
      if (made.failed) return made;
      remarks.push(...(made.forced ?? []), ...(made.notes?.remarks ?? []));
    }
    from = out;
  }
  const seconds = Math.round((performance.now() - start) / 1000);
  const found = await command(['diff', model.path, from, ...model.data]);
  if (found.failed) return found;
  const sum = (what) => found.classes.reduce((total, each) => total + each[what], 0);
  return {
    commands: steps.map((words) => words.join(' ')),
    samples: found.samples,
    before: found.quality.before.value,
    after: found.quality.after.value,
    lost: sum('lost'),
    gained: sum('gained'),
    changed: found.changed,
    bytes: [model.path, from].map(modelBytes),
    macs: [model.path, from].map((path) => footprint(loadModel(path)).macs),
    time: await timed(model.path, from),
    seconds,
    remarks,
  };
}

async function timedAgain(model, row, run) {
  const out = pathOf(model, row);
  if (!existsSync(out)) throw new Error(`${out} is not there any more: run the row again with --again.`);
  return { ...run, time: await timed(model.path, out) };
}

/** Where a row's file lies, or that of a step on the way, which has the step's words for a name and is not made twice. */
function pathOf(model, name) {
  return join(values.work, model.name.replaceAll(/\W+/g, '-'), `${name.replaceAll(/[^\w]+/g, '-')}.onnx`);
}

/** What a command of Espalier's prints as JSON, or why there is none. */
async function command(words) {
  const ended = await limited([join(root, 'bin', 'espalier.js'), ...words, '--threads', '1', '--json', '--quiet'], limits);
  const found = parsed(ended.stdout);
  if (ended.status === 0 && found) return found;
  const why = ended.over ?? found?.error?.message ?? ended.stderr.trim().split('\n').at(-1);
  return { failed: true, why: String(why).replaceAll(/\/\S*\/(?=[^/\s]+)/g, '') };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Writes what is known, whole or not at all. */
function keep({ name, about }, row, run) {
  known.machine = thisMachine();
  known.models[name] ??= { about, runs: {} };
  known.models[name].about = about;
  known.models[name].runs[row] = run;
  mkdirSync(dirname(values.results), { recursive: true });
  writeFileSync(`${values.results}.part`, `${JSON.stringify(known, null, 1)}\n`);
  renameSync(`${values.results}.part`, values.results);
}
