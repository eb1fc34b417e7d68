// Espalier beside the quantizers that install from PyPI, on the models and cases of ../shared: did it succeed, does the result load, how well does it
// follow the original, bytes, latency, time and memory to make it. Each run is a process of its own, on one core, with limits.
//   node bench/compression.mjs --install             installs what is missing, each peer into an environment of its own
//   node bench/compression.mjs [--only MODEL,...] [--tools TOOL,...] [--modes MODE,...]      goes on where it was stopped
//   node bench/compression.mjs --report              writes the tables of docs/side-by-side.md
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writePage } from './compression/page.mjs';
import { commandOf, idleCommandOf, MODES, PEERS, pythonOf, versionsOf } from './compression/tools.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const work = join(tmpdir(), 'espalier-peers');
const { values } = parseArgs({
  options: {
    install: { type: 'boolean' },
    report: { type: 'boolean' },
    results: { type: 'string', default: join(here, '..', 'examples', 'results', 'compression-peers.json') },
    shared: { type: 'string', default: join(here, '..', '..', 'shared') },
    environments: { type: 'string', default: join(work, 'environments') },
    samples: { type: 'string', default: join(work, 'samples') },
    only: { type: 'string' },
    tools: { type: 'string', default: Object.keys(MODES).join(',') },
    modes: { type: 'string' },
    seconds: { type: 'string', default: '150' },
    gigabytes: { type: 'string', default: '6' },
    core: { type: 'string', default: '0' },
  },
});
const judgePython = pythonOf(values.environments, 'onnxruntime');
const known = existsSync(values.results) ? JSON.parse(readFileSync(values.results, 'utf8')) : { tools: {}, models: {} };

if (values.install) install();
else if (!values.report) sweep();
if (values.report) writePage(known);

function install() {
  for (const tool of values.tools.split(',').filter((name) => PEERS[name] && !isInstalled(name))) {
    const folder = join(values.environments, tool);
    const made = spawnSync('python3', ['-m', 'venv', folder], { stdio: 'inherit' });
    const pip = spawnSync(pythonOf(values.environments, tool), ['-m', 'pip', '-q', 'install', ...PEERS[tool].packages], {
      stdio: 'inherit',
    });
    console.log(`${tool}: ${made.status === 0 && pip.status === 0 ? 'installed' : 'not installed'}`);
  }
}

function isInstalled(tool) {
  return tool === 'espalier' || (existsSync(pythonOf(values.environments, tool)) && tool in versionsOf(values.environments, tool));
}

function sweep() {
  const wanted = values.only?.split(',') ?? [];
  const made = spawnSync(judgePython, [join(here, 'compression', 'samples.py'), values.shared, values.samples, ...wanted], {
    stdio: 'inherit',
  });
  if (made.status !== 0) throw new Error('The samples could not be made; is everything installed? See --install.');
  const tools = values.tools.split(',').filter(isReady);
  const models = (wanted.length > 0 ? wanted : readdirSync(values.samples)).map((model) => ({ model, about: aboutOf(model) }));
  // The small ones first.
  for (const { model, about } of models.toSorted((a, b) => a.about.bytes - b.about.bytes))
    for (const tool of tools)
      for (const mode of MODES[tool].filter((name) => !values.modes || values.modes.split(',').includes(name))) {
        if (known.models[model]?.runs[`${tool} ${mode}`] || (mode === 'static-labels' && !about.labels)) continue;
        const run = tried(model, tool, mode, about);
        console.log(`${model} ${tool} ${mode}: ${JSON.stringify(run)}`);
        keep(() => {
          known.models[model] ??= { ...about, inputs: undefined, runs: {} };
          known.models[model].runs[`${tool} ${mode}`] = run;
        });
      }
}

function aboutOf(model) {
  return JSON.parse(readFileSync(join(values.samples, model, 'about.json'), 'utf8'));
}

/** Whether a tool is installed and loads; what that takes, or why not, is kept. */
function isReady(tool) {
  if (!isInstalled(tool)) return false;
  const { status, peak, printed } = measured(idleCommandOf(values.environments, tool));
  const versions = versionsOf(values.environments, tool);
  keep(() => (known.tools[tool] = { versions, idle: peak, ...(status !== 0 && { fault: lastLine(printed) }) }));
  return status === 0;
}

function tried(model, tool, mode, about) {
  const [original, samples] = [join(values.shared, about.model), join(values.samples, model)];
  const folder = join(work, 'run');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const made = join(folder, 'made.onnx');
  const { status, ended, wall, cpu, peak, printed } = measured(
    commandOf({ environments: values.environments, tool, mode, original, made, samples, about }),
  );
  const cost = { wall, cpu, peak };
  if (ended) return { outcome: `stopped for ${ended}`, ...cost };
  if (status !== 0 || !existsSync(made)) return { outcome: 'failed', why: lastLine(printed), ...cost };
  const judged = measured([judgePython, join(here, 'compression', 'judge.py'), original, made, samples]);
  if (judged.status !== 0)
    return { outcome: 'written', loads: false, why: lastLine(judged.printed) || `the run ends with ${judged.ended}`, ...cost };
  const found = JSON.parse(judged.printed.trim().split('\n').at(-1));
  return { outcome: 'written', ...found, ...(found.why && { why: withoutPaths(found.why) }), ...cost };
}

function measured(command) {
  const folder = join(work, 'run');
  mkdirSync(folder, { recursive: true });
  const environment = { OMP_NUM_THREADS: '1', HOME: folder, TMPDIR: folder };
  const limits = { seconds: Number(values.seconds), bytes: 1e9 * Number(values.gigabytes), core: Number(values.core) };
  const given = JSON.stringify({ command, folder, environment, ...limits });
  const { stdout, stderr } = spawnSync('python3', [join(here, 'compression', 'measured.py'), given], { encoding: 'utf8' });
  if (!stdout) throw new Error(`measured.py: ${stderr}`);
  return JSON.parse(stdout);
}

/** Why a run failed. */
function lastLine(printed) {
  return withoutPaths(printed).trim().split('\n').at(-1).slice(0, 300);
}

/** A message without the folders of this machine. */
function withoutPaths(text) {
  return text.replaceAll(/\/\S*\/(?=[^/\s]+)/g, '');
}

/** Changes what is known and writes it, whole or not at all. */
function keep(change) {
  change();
  mkdirSync(join(values.results, '..'), { recursive: true });
  writeFileSync(`${values.results}.part`, `${JSON.stringify(known, null, 1)}\n`);
  renameSync(`${values.results}.part`, values.results);
}
