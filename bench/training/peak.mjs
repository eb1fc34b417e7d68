// Prints the bytes that a process holds at most for the training steps of one network, above what it held before: node bench/training/peak.mjs CASE THREADS
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { createEspalier } from './espalier.mjs';
import { CASES } from './networks.mjs';

const [index, threads] = process.argv.slice(2).map(Number);
const start = process.memoryUsage().rss;
const network = CASES[index]();
const runtime = createNodeRuntime({ threads });
const engine = await createEspalier({ ...network, threads, runtime, blocked: true, clock: 'wall' });
await engine.run(6);
console.log(process.resourceUsage().maxRSS * 1024 - start);
await runtime.dispose();
