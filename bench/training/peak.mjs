// Prints the bytes that a process holds at most for the training steps of one network, above what it held before, on Linux:
// node bench/training/peak.mjs CASE THREADS
import { readFileSync } from 'node:fs';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { createEspalier } from './espalier.mjs';
import { CASES } from './networks.mjs';

const [index, threads] = process.argv.slice(2).map(Number);
const start = process.memoryUsage().rss;
const network = CASES[index]();
const runtime = createNodeRuntime({ threads });
const engine = await createEspalier({ ...network, threads, runtime, blocked: true, clock: 'wall' });
await engine.run(6);
// The kernel's mark of this process alone; resourceUsage() would count the process that started this one as well.
console.log(1024 * Number(/VmHWM:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) - start);
await runtime.dispose();
