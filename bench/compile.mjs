// C that Espalier writes beside that of emx-onnx-cgen and onnx2c, by the same compilers and flags: bytes of code and constants, bytes of RAM, time.
//   node bench/compile.mjs --install          emx-onnx-cgen from PyPI, into an environment of its own
//   node bench/compile.mjs [--only MODEL,...] [--runs 9] [--onnx2c PROGRAM]     onnx2c as built from its public source; writes examples/results/compile.json and the table of docs/compile.md
// Needs gcc, and gcc-arm-none-eabi for the sizes on a microcontroller. Time is measured in turns: the ratio is what counts.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createNodeRuntime } from '../dist/infrastructure/runtime/node/index.js';
import { putPart } from '../examples/support/page.mjs';
import { models } from './compile/models.mjs';
import { emx, espalier, onnx2c } from './compile/sources.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const work = join(tmpdir(), 'espalier-compile');
const { values } = parseArgs({
  options: {
    install: { type: 'boolean' },
    report: { type: 'boolean' },
    only: { type: 'string' },
    runs: { type: 'string', default: '9' },
    shared: { type: 'string', default: join(root, '..', 'shared') },
    results: { type: 'string', default: join(root, 'examples', 'results', 'compile.json') },
    onnx2c: { type: 'string' },
    environment: { type: 'string', default: join(work, 'environment') },
  },
});
const program = join(values.environment, 'bin', 'emx-onnx-cgen');
const known = existsSync(values.results) ? JSON.parse(readFileSync(values.results, 'utf8')) : { compilers: {}, models: {} };

const CORTEX = ['-mcpu=cortex-m4', '-mthumb', '-mfloat-abi=hard', '-mfpu=fpv4-sp-d16'];

if (values.install) {
  execFileSync('python3', ['-m', 'venv', values.environment], { stdio: 'inherit' });
  execFileSync(join(values.environment, 'bin', 'pip'), ['-q', 'install', 'emx-onnx-cgen'], { stdio: 'inherit' });
} else {
  if (!values.report) await measure();
  writeReport();
}

async function measure() {
  const runtime = createNodeRuntime({ threads: 1 });
  known.compilers = { gcc: version('gcc'), arm: version('arm-none-eabi-gcc'), emx: packageVersion() };
  const wanted = values.only?.split(',');
  for (const [name, file] of await models(join(work, 'models'), values.shared, runtime)) {
    if (wanted && !wanted.includes(name)) continue;
    const tools = values.onnx2c ? ['espalier', 'emx', 'onnx2c'] : ['espalier', 'emx'];
    const folders = Object.fromEntries(tools.map((tool) => [tool, join(work, tool, name)]));
    for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true });
    const write = {
      espalier: (folder) => espalier(file, folder, runtime),
      emx: (folder) => emx(file, folder, program),
      onnx2c: (folder) => onnx2c(file, folder, values.onnx2c),
    };
    const row = known.models[name] ?? {};
    for (const [tool, folder] of Object.entries(folders)) {
      const { arenaBytes } = await write[tool](folder);
      row[tool] = {
        flash: Object.fromEntries(['-Os', '-O3'].map((level) => [level, sizeOf('arm-none-eabi-gcc', [...CORTEX, level], folder).text])),
        flashX64: Object.fromEntries(['-Os', '-O3'].map((level) => [level, sizeOf('gcc', [level], folder).text])),
        ram: arenaBytes + sizeOf('arm-none-eabi-gcc', [...CORTEX, '-Os'], folder).data + stack([...CORTEX, '-Os'], folder),
      };
      execFileSync('gcc', ['-std=gnu99', '-w', '-O3', 'model.c', 'main.c', '-o', 'run', '-lm'], { cwd: folder });
    }
    const measured = times(folders);
    for (const tool of tools) row[tool].milliseconds = measured.milliseconds[tool];
    for (const tool of tools.slice(1)) row[tool].ratio = measured.ratios[tool];
    known.models[name] = row;
    console.log(`${name}: ${JSON.stringify(row)}`);
    mkdirSync(join(root, 'examples', 'results'), { recursive: true });
    writeFileSync(values.results, `${JSON.stringify(known, null, 2)}\n`);
  }
  await runtime.dispose();
}

/** Bytes of code and constants, and of variables. */
function sizeOf(compiler, flags, folder) {
  execFileSync(compiler, ['-std=gnu99', '-w', ...flags, '-c', 'model.c', '-o', 'model.o'], { cwd: folder });
  const line = execFileSync(compiler.replace(/gcc$/, 'size'), ['model.o'], { cwd: folder, encoding: 'utf8' }).split('\n')[1];
  const [text, data, bss] = line.trim().split(/\s+/).map(Number);
  return { text, data: data + bss };
}

/** Bytes of the stack of the function with the most, and of the largest that it calls: nothing calls any deeper. */
function stack(flags, folder) {
  execFileSync('arm-none-eabi-gcc', ['-std=gnu99', '-w', ...flags, '-fstack-usage', '-c', 'model.c', '-o', 'model.o'], { cwd: folder });
  const uses = readFileSync(
    join(
      folder,
      readdirSync(folder).find((file) => file.endsWith('.su')),
    ),
    'utf8',
  )
    .trim()
    .split('\n')
    .map((line) => Number(line.split('\t')[1]))
    .sort((a, b) => b - a);
  return uses[0] + (uses[1] ?? 0);
}

/** Median milliseconds of each, measured in turns, and the medians of the ratios of the first to the others. */
function times(folders) {
  const tools = Object.keys(folders);
  const once = (tool, runs) =>
    Number(spawnSync('bash', ['-c', `ulimit -s unlimited; ./run ${runs}`], { cwd: folders[tool], encoding: 'utf8' }).stdout);
  const runs = Object.fromEntries(tools.map((tool) => [tool, Math.max(3, Math.round(120 / Math.max(once(tool, 3), 0.001)))]));
  const turns = Array.from({ length: Number(values.runs) }, () => tools.map((tool) => once(tool, runs[tool])));
  const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
  return {
    milliseconds: Object.fromEntries(tools.map((tool, index) => [tool, median(turns.map((turn) => turn[index]))])),
    ratios: Object.fromEntries(tools.map((tool, index) => [tool, median(turns.map((turn) => turn[0] / turn[index]))])),
  };
}

function version(compiler) {
  return execFileSync(compiler, ['--version'], { encoding: 'utf8' }).split('\n')[0];
}

function packageVersion() {
  const said = execFileSync(join(values.environment, 'bin', 'pip'), ['show', 'emx-onnx-cgen'], { encoding: 'utf8' });
  return /Version: (\S+)/.exec(said)?.[1];
}

function writeReport() {
  const kb = (bytes) => (bytes / 1000).toFixed(1);
  const all = (row, of) => [row.espalier, row.emx, row.onnx2c].map((tool) => (tool ? of(tool) : '–')).join(' / ');
  const rows = Object.entries(known.models).map(([name, row]) =>
    [
      name,
      all(row, ({ flash }) => kb(flash['-Os'])),
      all(row, ({ flash }) => kb(flash['-O3'])),
      all(row, ({ ram }) => kb(ram)),
      all(row, ({ flashX64 }) => kb(flashX64['-O3'])),
      all(row, ({ milliseconds }) => milliseconds.toPrecision(3)),
      [row.emx, row.onnx2c].map((tool) => tool?.ratio.toFixed(2) ?? '–').join(' / '),
    ].join(' | '),
  );
  const table = [
    `Espalier / emx-onnx-cgen ${known.compilers.emx} / onnx2c (its public source); ${known.compilers.arm} for Cortex-M4, ${known.compilers.gcc} for x86-64.`,
    '',
    '| model | M4 flash, -Os (KB) | M4 flash, -O3 (KB) | M4 RAM (KB) | x86-64 code and constants, -O3 (KB) | x86-64 time, -O3 (ms) | time to emx, to onnx2c |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows.map((row) => `| ${row} |`),
  ].join('\n');
  putPart(join(root, 'docs', 'compile.md'), 'table', table);
}
