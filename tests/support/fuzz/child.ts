// Runs cases one after the other as its parent asks for them, and says after each what became of it and what memory it took.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { caseOf, type Seeds, seedModels } from './cases.js';
import { type StageResult, use } from './use.js';

export interface Report {
  number: number;
  what: string;
  bytes: number;
  stages: StageResult[];
  /** Most memory that the process held so far, and what it held before its first case, in bytes. */
  peak: number;
  idle: number;
}

const folder = join(tmpdir(), `espalier-fuzz-${process.pid}`);
const runtime = createNodeRuntime({ threads: 1 });
let seeds: Seeds | undefined;
let idle = 0;

const peakMemory = () => process.resourceUsage().maxRSS * 1024;

/** What is garbage already is not held against the next stage. */
function collect(): void {
  if (process.memoryUsage.rss() > idle + 5e7) globalThis.gc?.();
}

process.on('message', async ({ number, all }: { number: number; all: boolean }) => {
  if (!seeds) {
    seeds = seedModels(all);
    // What is loaded once is nobody's memory: modules, the runtime, the image library.
    for (const warm of [0, 1, 2, 3, 4]) await use({ number: warm, ...honest(warm) }, folder, runtime);
    idle = peakMemory();
  }
  const given = caseOf(number, seeds);
  const stages = await use(given, folder, runtime, collect);
  collect();
  process.send?.({ number, what: given.what, bytes: given.bytes.length, stages, peak: peakMemory(), idle } satisfies Report);
});

function honest(index: number) {
  const name = seeds?.names[index % seeds.names.length] as string;
  return { kind: 'model', name: 'model.onnx', bytes: seeds?.read(name) as Uint8Array, what: name } as const;
}
