// Prints the bytes that a process holds at most for the training steps of one network, above what it held before it built the network, with ONNX
// Runtime loaded already, as PyTorch is on its side; and what a step takes. On Linux: node bench/training/peak.mjs CASE THREADS [MAX_MEMORY] [CLOCK]
import { readFileSync } from 'node:fs';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { createEspalier } from './espalier.mjs';
import { median } from './median.mjs';
import { CASES, mlp } from './networks.mjs';

const [index, threads, limit] = process.argv.slice(2, 5).map(Number);
const clock = process.argv[5] ?? 'wall';
const maxMemory = limit > 0 ? limit : undefined;
const runtime = createNodeRuntime({ threads, spinning: clock === 'wall' });
const small = await runtime.compile(mlp([1, 1], 1).model, { blocked: true });
await small.dispose();
const start = memory('VmRSS');
const network = CASES[index]();
const engine = await createEspalier({ ...network, threads, runtime, blocked: true, clock, maxMemory });
const times = [await engine.run(4), await engine.run(4), await engine.run(4)].flatMap((burst) => burst.slice(1));
console.log(JSON.stringify({ bytes: memory('VmHWM') - start, milliseconds: median(times), memory: engine.memory }));
await runtime.dispose();

/** Bytes of a field of this process alone; resourceUsage() would count the process that started this one as well. */
function memory(field) {
  return 1024 * Number(new RegExp(`${field}:\\s*(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
}
