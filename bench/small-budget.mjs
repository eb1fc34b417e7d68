// Whether a run with a budget keeps what it says at its start: how many trials it said would fit, how many ended, whether any was cut off, and which techniques were tried.
//   npm run bench:small-budget                  everything, writes the table of docs/strategies.md
//   npm run bench:small-budget -- --only digits    runs whose name begins so
// Runs the command itself. Data beyond the package's digits are in ../shared/data.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { table, writePart } from '../examples/support/page.mjs';

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    results: { type: 'string', default: fileURLToPath(new URL('./small-budget.json', import.meta.url)) },
  },
});
const shared = fileURLToPath(new URL('../../shared/data/', import.meta.url));
const bin = fileURLToPath(new URL('../bin/espalier.js', import.meta.url));
const page = fileURLToPath(new URL('../docs/strategies.md', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'espalier-budget-'));

/** Data, what is started from, and the arguments of both; a model file is trained first. */
const mnist = ['--data', join(shared, 'mnist')];
const starts = [
  {
    budgets: ['20s', '1m'],
    name: 'digits, a model file',
    data: ['--data', 'digits'],
    train: ['--arch', 'survey-cnn', '--width', '0.5', '--epochs', '4'],
  },
  {
    budgets: ['20s', '1m'],
    name: 'digits, an architecture',
    data: ['--data', 'digits'],
    arch: ['--arch', 'survey-cnn', '--width', '0.25'],
  },
  { budgets: ['1m', '3m'], name: 'MNIST, a model file', data: mnist, train: ['--arch', 'survey-cnn', '--width', '0.25', '--epochs', '1'] },
  { budgets: ['3m'], name: 'MNIST, an architecture', data: mnist, arch: ['--arch', 'resnet-8', '--width', '0.5'] },
];

const results = existsSync(options.results) ? JSON.parse(readFileSync(options.results, 'utf8')) : {};
try {
  for (const start of starts.filter(({ name }) => name.startsWith(options.only))) {
    if (start.data[1].startsWith(shared) && !existsSync(start.data[1])) {
      console.error(`${start.name}: skipped, ${start.data[1]} is not there`);
      continue;
    }
    const from = start.arch ?? [await trained(start)];
    for (const budget of start.budgets) {
      results[`${start.name}, ${budget}`] = await run(start, from, budget);
      console.error(`${start.name}, ${budget}: ${JSON.stringify(results[`${start.name}, ${budget}`])}`);
      writeFileSync(options.results, `${JSON.stringify(results, undefined, 1)}\n`);
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
const rows = Object.entries(results).map(([name, { said, ended, cut, techniques, epochs, search }]) => {
  const at = name.lastIndexOf(', ');
  return [name.slice(0, at), name.slice(at + 2), said, ended, cut, epochs, search.toFixed(0), techniques.join(', ')];
});
writePart(
  page,
  'small-budget',
  table([['start', 'budget', 'said', 'ended', 'cut off', 'epochs', 'seconds of search', 'techniques tried'], ...rows]),
);

async function trained({ name, data, train }) {
  const file = join(work, `${name.replace(/\W+/g, '-')}.onnx`);
  await espalier('train', ...train, ...data, '-o', file);
  return file;
}

async function run({ name, data }, from, budget) {
  const out = join(work, `${name}-${budget}`.replace(/\W+/g, '-'));
  await espalier('optimize', ...from, ...data, '--budget', budget, '--serving', 'none', '--out', out);
  const events = readFileSync(join(out, 'events.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const info = JSON.parse(readFileSync(join(out, 'front.json'), 'utf8'));
  const text = events.find(({ kind, text }) => kind === 'message' && /fit/.test(text))?.text ?? '';
  const ended = events.filter(({ kind, ended: end }) => kind === 'trial' && end !== undefined);
  const at = (state) => events.find((event) => event.kind === 'state' && event.state === state)?.at;
  return {
    said: Number(/(\d+)(?: of \d+)? trials/.exec(text)?.[1] ?? 0),
    ended: ended.filter(({ state }) => state).length,
    cut: ended.filter(({ state }) => !state).length,
    epochs: info.epochs ?? Math.max(...info.models.flatMap(({ recipe }) => recipe.map((step) => Number(step.options.epochs ?? 0)))),
    search: (at('settling') - at('starting')) / 1000,
    techniques: [...new Set(info.models.flatMap(({ recipe }) => recipe.map((step) => step.technique)))],
    text,
  };
}

async function espalier(...args) {
  const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors = (errors + chunk).slice(-4000);
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`espalier ${args.join(' ')} ended with ${code}:\n${errors}`);
}
