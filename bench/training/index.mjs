// Times whole training steps (forward, loss, backward, Adam) of Espalier side by side with PyTorch's, and writes the table of
// docs/training-speed.md: npm run bench:training [-- --steps 24 --only survey-cnn,mlp --compiled --clock processor --patience 10 --no-docs]
//
// Engines take turns in short bursts, each of which waits (--patience seconds at most) for an idle machine; the first step of a burst is not
// counted. On a machine that never is idle, --clock processor counts processor time of all threads instead, which do not spin then. PyTorch
// runs in eager mode in a process of its own, in both memory layouts; with --compiled torch.compile takes part as well (it needs a C++ compiler and
// a minute a network). ESPALIER_PYTHON names a Python that has PyTorch (default: python3).
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { createEspalier } from './espalier.mjs';
import { median } from './median.mjs';
import { CASES } from './networks.mjs';
import { writeTable } from './table.mjs';
import { createTorch, describeTorch } from './torch.mjs';

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '24' },
    only: { type: 'string' },
    compiled: { type: 'boolean', default: false },
    clock: { type: 'string', default: 'wall' },
    patience: { type: 'string', default: '10' },
    docs: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const STEPS = Number(values.steps);
const BURST = 3;
const THREADS = 2;
const PATIENCE = Number(values.patience) * 1000;
/** Bursts that began while the machine was busy with something else. */
let disturbed = 0;
let bursts = 0;

if (!['wall', 'processor'].includes(values.clock)) throw new Error('--clock is wall or processor.');
const { clock } = values;
const runtime = createNodeRuntime({ threads: THREADS, spinning: clock === 'wall' });
const torch = describeTorch();
console.log(torch ? `PyTorch ${torch.version}` : 'No Python with PyTorch was found: its columns stay empty.');
const rows = [];
for (const [index, make] of CASES.entries()) {
  const network = make();
  if (values.only && !values.only.split(',').includes(network.name)) continue;
  disturbed = 0;
  bursts = 0;
  rows.push({ label: network.label, ...(await measure(network, index)), disturbed, bursts });
  print(rows.at(-1));
}
await runtime.dispose();
const machine = { processor: cpus()[0].model, cores: cpus().length, threads: THREADS, node: process.version, torch: torch?.version, clock };
if (values.docs && !values.only) writeTable(rows, machine, STEPS);

async function measure(network, index) {
  const settings = { ...network, threads: THREADS, clock };
  const engines = {
    plain: await createEspalier({ ...settings, runtime, blocked: false }),
    blocked: await createEspalier({ ...settings, runtime, blocked: true }),
  };
  if (torch) {
    engines.contiguous = await createTorch({ ...settings, layout: 'contiguous' });
    if (network.kind === 'images') engines.channelsLast = await createTorch({ ...settings, layout: 'channels_last' });
    if (values.compiled) engines.compiled = await createTorch({ ...settings, layout: 'compiled' });
  }
  const times = Object.fromEntries(Object.keys(engines).map((engine) => [engine, []]));
  for (let turn = -1; turn < STEPS / BURST; turn++) {
    for (const [engine, { run }] of Object.entries(engines)) {
      bursts++;
      await rest();
      const burst = await run(BURST + 1);
      if (turn >= 0) times[engine].push(...burst.slice(1));
    }
  }
  const wait = engines.blocked.wait();
  const peaks = { espalier: peakOf(index) };
  if (torch)
    peaks.torch = Math.min(...(await Promise.all([engines.contiguous, engines.channelsLast].map((engine) => engine?.peak() ?? Infinity))));
  await Promise.all(Object.values(engines).map((engine) => engine.dispose()));
  return { times: Object.fromEntries(Object.entries(times).map(([engine, all]) => [engine, median(all)])), wait, peaks };
}

/** Memory of the blocked form, in a process of its own. */
function peakOf(index) {
  const script = fileURLToPath(new URL('peak.mjs', import.meta.url));
  const { stdout, stderr, status } = spawnSync(process.execPath, [script, index, THREADS], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout).bytes;
}

/** Waits until the machine has nothing else to do, other work and threads that still spin included; at most PATIENCE, then goes on all the same. */
async function rest() {
  const end = performance.now() + PATIENCE;
  do {
    const before = idleTime();
    await new Promise((resolve) => setTimeout(resolve, 250));
    if (idleTime() - before > 0.9 * 250 * cpus().length) return;
  } while (performance.now() < end);
  disturbed++;
}

/** Milliseconds that all cores together have been idle. */
function idleTime() {
  return cpus().reduce((sum, { times }) => sum + times.idle, 0);
}

function print({ label, times, wait, peaks, disturbed, bursts }) {
  const parts = Object.entries(times).map(([engine, time]) => `${engine} ${time.toFixed(1)} ms`);
  const memory = Object.entries(peaks).map(([engine, bytes]) => `${engine} ${(bytes / 1e6).toFixed(0)} MB`);
  console.log(
    `${label}: ${parts.join(', ')}; ${memory.join(', ')}; outside of ONNX Runtime ${wait?.toFixed(2) ?? '–'} ms; ${disturbed} of ${bursts} bursts on a busy machine`,
  );
  if (!torch) return;
  const best = Math.min(times.contiguous, times.channelsLast ?? Infinity);
  console.log(`  to PyTorch's best: plain ${(times.plain / best).toFixed(2)}, blocked ${(times.blocked / best).toFixed(2)}`);
}
