// What every technique does to every model of ../shared: written, with size, fidelity of the worst output and time, or why not. Each run is a process of its own,
// with limits of time and memory; results are kept as they come, and what is there is not run again.
//   npm run bench:techniques                         runs what is missing, and writes the table of docs/models.md
//   npm run bench:techniques -- --only MODEL,...     of these models alone; --ways WAY,... likewise
//   npm run bench:techniques -- --again failed       also what failed before (or refused, or all)
//   npm run bench:techniques -- --report             writes the table alone
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { modelBytes } from 'espalier/onnx/node';
import { judged } from './techniques/judge.mjs';
import { limited } from './techniques/limited.mjs';
import { writePage } from './techniques/page.mjs';
import { modelsOf, waysOf } from './techniques/ways.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: {
    results: { type: 'string', default: join(root, 'examples', 'results', 'techniques.json') },
    shared: { type: 'string', default: join(root, '..', 'shared') },
    only: { type: 'string' },
    ways: { type: 'string' },
    again: { type: 'string' },
    report: { type: 'boolean' },
    seconds: { type: 'string', default: '150' },
    megabytes: { type: 'string', default: '6000' },
  },
});
const limits = { seconds: Number(values.seconds), megabytes: Number(values.megabytes) };
const known = existsSync(values.results) ? JSON.parse(readFileSync(values.results, 'utf8')) : {};
const ways = waysOf();

if (!values.report) await sweep();
writePage(known, ways, join(root, 'docs', 'models.md'));

async function sweep() {
  const isWanted = (list, name) => !list || list.split(',').includes(name);
  const models = modelsOf(values.shared).filter(({ name }) => isWanted(values.only, name));
  const isLeft = (cell) => !cell || (values.again && (values.again === 'all' || values.again.split(',').includes(cell.outcome)));
  const left = ways
    .filter(({ way }) => isWanted(values.ways, way))
    .flatMap((way) => models.map((model) => ({ model, way })))
    .filter(({ model, way }) => isLeft(known[model.name]?.runs[way.way]));
  const start = performance.now();
  for (const [at, { model, way }] of left.entries()) {
    const cell = await tried(model, way);
    // What is kept says nothing of the machine.
    keep(model, way, { ...cell, ...(cell.why && { why: cell.why.replaceAll(values.shared, '../shared') }) });
    const minutes = ((performance.now() - start) / 60_000 / (at + 1)) * (left.length - at - 1);
    const { outcome, why = '', size, worst } = cell;
    console.log(
      `${at + 1}/${left.length} ${model.name} ${way.way}: ${outcome} ${size?.toFixed(2) ?? ''} ${worst ?? ''} ${why} (${minutes.toFixed(0)} min left)`,
    );
  }
}

async function tried({ path, data }, { way, inspect, library, technique, words, data: needsData, trains }) {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-techniques-'));
  const out = join(folder, 'made.onnx');
  const beside = fileURLToPath(new URL('./techniques/library.mjs', import.meta.url));
  const program = [join(root, 'bin', 'espalier.js')];
  const args = inspect
    ? [...program, 'inspect', path, '--json']
    : library
      ? [beside, way, path, out]
      : [...program, 'apply', technique, path, ...words, ...(needsData ? data : []), '--threads', '1', '-o', out, '--json'];
  const before = digestOf(path);
  try {
    const ended = await limited(args, limits);
    const cell = judged(ended, {
      out,
      isSame: () => digestOf(path) === before,
      sizes: () => ({ before: modelBytes(path), after: modelBytes(out) }),
      noted: inspect && (({ parameters, macs, layers }) => ({ parameters, macs, layers: layers?.length })),
    });
    // What training changes is the numbers.
    if (cell.outcome !== 'written' || trains) return cell;
    const web = JSON.parse(
      (await limited([beside, 'web', path, out], limits)).stdout || '{"status":"fails","detail":"it ended without a word"}',
    );
    return { ...cell, web: web.status ?? 'not checked', ...(web.status !== 'agrees' && { webDetail: web.detail ?? web.error?.message }) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function keep({ name, path, isSynthetic }, { way }, cell) {
  known[name] ??= { bytes: modelBytes(path), data: isSynthetic ? 'synthetic' : 'real', runs: {} };
  known[name].runs[way] = cell;
  mkdirSync(dirname(values.results), { recursive: true });
  writeFileSync(`${values.results}.new`, `${JSON.stringify(known, null, 1)}\n`);
  renameSync(`${values.results}.new`, values.results);
}

function digestOf(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
