// Times whole training steps (forward, loss, backward, Adam) of Espalier side by side with PyTorch's, and writes the table of
// docs/training-speed.md: npm run bench:training [-- --steps 24 --only survey-cnn --no-docs]
//
// Every engine takes turns in short bursts, so that all of them meet the same load; the first step of a burst is not counted. PyTorch runs in
// eager mode in a process of its own, in both memory layouts; ESPALIER_PYTHON names a Python that has it (default: python3).
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
    docs: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const STEPS = Number(values.steps);
const BURST = 3;
const THREADS = 2;
const CLASSES = 10;
const cases = [
  { name: 'survey-cnn', width: 0.25, size: 32, batch: 128 },
  { name: 'survey-cnn', width: 1, size: 32, batch: 128 },
  { name: 'resnet-8', width: 1, size: 32, batch: 128 },
  { name: 'resnet-20', width: 1, size: 32, batch: 128 },
  { name: 'mobilenet', width: 1, size: 64, batch: 64 },
].filter(({ name }) => !values.only || values.only.split(',').includes(name));

const runtime = createNodeRuntime({ threads: THREADS });
const torch = describeTorch();
console.log(torch ? `PyTorch ${torch.version}` : 'No Python with PyTorch was found: its columns stay empty.');
const rows = [];
for (const each of cases) {
  rows.push({ ...each, ...(await measure(each)) });
  print(rows.at(-1));
}
await runtime.dispose();
const machine = { processor: cpus()[0].model, cores: cpus().length, threads: THREADS, node: process.version, torch: torch?.version };
if (values.docs && !values.only) writeTable(rows, machine, STEPS);

async function measure({ name, width, size, batch }) {
  const model = architecture(name).build({ classes: CLASSES, width, input: [3, size, size] });
  const settings = { model, batch, threads: THREADS };
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
      // Threads of the engine before that still spin must come to rest.
      await new Promise((resolve) => setTimeout(resolve, 250));
      const burst = await run(BURST + 1);
      if (turn >= 0) times[engine].push(...burst.slice(1));
    }
  }
  const wait = engines.blocked.wait();
  await Promise.all(Object.values(engines).map((engine) => engine.dispose()));
  return { times: Object.fromEntries(Object.entries(times).map(([engine, all]) => [engine, median(all)])), wait };
}

function print({ name, width, size, batch, times, wait }) {
  const parts = Object.entries(times).map(([engine, time]) => `${engine} ${time.toFixed(1)} ms`);
  console.log(`${name} ×${width}, ${size}×${size}, batch ${batch}: ${parts.join(', ')}; outside of ONNX Runtime ${wait.toFixed(2)} ms`);
  if (!torch) return;
  const best = Math.min(times.contiguous, times.channelsLast);
  console.log(`  to PyTorch's best: plain ${(times.plain / best).toFixed(2)}, blocked ${(times.blocked / best).toFixed(2)}`);
}
