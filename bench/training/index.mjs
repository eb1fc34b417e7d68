// Times whole training steps (forward, loss, backward, Adam) of Espalier side by side with PyTorch's, and writes the table of
// docs/training-speed.md: npm run bench:training [-- --steps 24 --only survey-cnn --clock processor --patience 10 --no-docs]
//
// Engines take turns in short bursts, each of which waits (--patience seconds at most) for an idle machine; the first step of a burst is not
// counted. On a machine that never is idle, --clock processor counts processor time of all threads instead, which do not spin then. PyTorch
// runs in eager mode in a process of its own, in both memory layouts; ESPALIER_PYTHON names a Python that has it (default: python3).
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { architecture } from 'espalier/architectures';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { createEspalier } from './espalier.mjs';
import { median } from './median.mjs';
import { writeTable } from './table.mjs';
import { createTorch, describeTorch } from './torch.mjs';

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '24' },
    only: { type: 'string' },
    clock: { type: 'string', default: 'wall' },
    patience: { type: 'string', default: '10' },
    docs: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const STEPS = Number(values.steps);
const BURST = 3;
const THREADS = 2;
const CLASSES = 10;
const PATIENCE = Number(values.patience) * 1000;
/** Bursts that began while the machine was busy with something else. */
let disturbed = 0;
let bursts = 0;
const cases = [
  { name: 'survey-cnn', width: 0.25, size: 32, batch: 128 },
  { name: 'survey-cnn', width: 1, size: 32, batch: 128 },
  { name: 'resnet-8', width: 1, size: 32, batch: 128 },
  { name: 'resnet-20', width: 1, size: 32, batch: 128 },
  { name: 'mobilenet', width: 1, size: 64, batch: 64 },
].filter(({ name }) => !values.only || values.only.split(',').includes(name));

if (!['wall', 'processor'].includes(values.clock)) throw new Error('--clock is wall or processor.');
const { clock } = values;
const runtime = createNodeRuntime({ threads: THREADS, spinning: clock === 'wall' });
const torch = describeTorch();
console.log(torch ? `PyTorch ${torch.version}` : 'No Python with PyTorch was found: its columns stay empty.');
const rows = [];
for (const each of cases) {
  disturbed = 0;
  bursts = 0;
  rows.push({ ...each, ...(await measure(each)), disturbed, bursts });
  print(rows.at(-1));
}
await runtime.dispose();
const machine = { processor: cpus()[0].model, cores: cpus().length, threads: THREADS, node: process.version, torch: torch?.version, clock };
if (values.docs && !values.only) writeTable(rows, machine, STEPS);

async function measure({ name, width, size, batch }) {
  const model = architecture(name).build({ classes: CLASSES, width, input: [3, size, size] });
  const settings = { model, batch, threads: THREADS, clock };
  const engines = {
    plain: await createEspalier({ ...settings, runtime, blocked: false }),
    blocked: await createEspalier({ ...settings, runtime, blocked: true }),
  };
  if (torch) {
    engines.contiguous = await createTorch({ ...settings, layout: 'contiguous' });
    engines.channelsLast = await createTorch({ ...settings, layout: 'channels_last' });
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
  await Promise.all(Object.values(engines).map((engine) => engine.dispose()));
  return { times: Object.fromEntries(Object.entries(times).map(([engine, all]) => [engine, median(all)])), wait };
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

function print({ name, width, size, batch, times, wait, disturbed, bursts }) {
  const parts = Object.entries(times).map(([engine, time]) => `${engine} ${time.toFixed(1)} ms`);
  console.log(
    `${name} ×${width}, ${size}×${size}, batch ${batch}: ${parts.join(', ')}; outside of ONNX Runtime ${wait?.toFixed(2) ?? '–'} ms; ${disturbed} of ${bursts} bursts on a busy machine`,
  );
  if (!torch) return;
  const best = Math.min(times.contiguous, times.channelsLast);
  console.log(`  to PyTorch's best: plain ${(times.plain / best).toFixed(2)}, blocked ${(times.blocked / best).toFixed(2)}`);
}
