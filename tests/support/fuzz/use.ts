import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EspalierError } from 'espalier/base';
import { quantizeDynamic, quantizeWeights } from 'espalier/compression/quantization';
import { openDataset } from 'espalier/data/node';
import { encodeTflite } from 'espalier/formats';
import { loadModel } from 'espalier/formats/node';
import { findDefects, simplify } from 'espalier/infrastructure/compiler';
import { footprint } from 'espalier/infrastructure/hardware';
import type { Runtime } from 'espalier/infrastructure/runtime';
import { checkLinks, copyModel, encodeModel, type Model } from 'espalier/onnx';
import { inferShapes } from 'espalier/ops';
import { inspectHtml, inspectTable } from 'espalier/report/render';
import type { FuzzCase } from './cases.js';

/** What became of one stage of a case. */
export interface StageResult {
  stage: string;
  /** By the clock, or of all threads' processor time where that is less: others may be at work on the machine. */
  milliseconds: number;
  /** The class of Espalier's own error that refused it. */
  refused?: string;
  /** The stack of anything else that was thrown. */
  defect?: string;
}

/** Does with a file what commands do with one before anything is trained. @param settle is called between stages, each of which a command does alone. */
export async function use(given: FuzzCase, folder: string, runtime: Runtime, settle = () => {}): Promise<StageResult[]> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const path = join(folder, given.name);
  writeFileSync(path, given.bytes);
  return given.kind === 'data'
    ? [await stage('data', () => readData(path, join(folder, 'cache')))]
    : useModel(given, path, folder, { runtime, settle });
}

async function readData(path: string, cacheDir: string): Promise<void> {
  const source = await openDataset(path, { cacheDir });
  try {
    for (const part of [source.train, source.validation, source.test]) if (part) await part.read(Int32Array.of(0));
  } finally {
    await source.close();
  }
}

const passes: readonly (readonly [string, (model: Model, runtime: Runtime) => Promise<unknown>])[] = [
  ['simplify', simplify],
  ['quantize --dynamic', quantizeDynamic],
  ['quantize --weights', quantizeWeights],
];

async function useModel(
  given: FuzzCase,
  path: string,
  folder: string,
  { runtime, settle }: { runtime: Runtime; settle: () => void },
): Promise<StageResult[]> {
  writeFileSync(join(folder, 'data.bin'), new Uint8Array(4096));
  const results: StageResult[] = [];
  const loaded: Model[] = [];
  results.push(
    await stage('load', async () => {
      loaded.push(loadModel(path));
    }),
  );
  const [model] = loaded;
  if (!model) return results;
  const stages: Record<string, () => unknown> = {
    check: () => {
      checkLinks(model.graph);
      findDefects(model);
    },
    write: () => encodeModel(copyModel(model)),
    ...(given.kind === 'tflite' && { 'write .tflite': () => encodeTflite(model) }),
    infer: () => inferShapes(copyModel(model)),
    inspect: () => requirePlain(inspectTable(footprint(model), { name: path, width: 100, color: false })),
    'inspect --html': () => requirePlain(inspectHtml(footprint(model), 'model')),
  };
  for (const [name, act] of Object.entries(stages)) {
    results.push(await stage(name, act));
    settle();
  }
  // Quantization begins by simplifying: one of the three is enough for a case.
  const [name, act] = passes[given.number % passes.length];
  results.push(await stage(name, () => act(model, runtime)));
  return results;
}

async function stage(name: string, act: () => unknown): Promise<StageResult> {
  const [start, before] = [performance.now(), process.cpuUsage()];
  const time = () => {
    const { user, system } = process.cpuUsage(before);
    return Math.round(Math.min(performance.now() - start, (user + system) / 1000));
  };
  try {
    await act();
    return { stage: name, milliseconds: time() };
  } catch (error) {
    if (error instanceof EspalierError) return { stage: name, milliseconds: time(), refused: error.name };
    return { stage: name, milliseconds: time(), defect: String((error as Error)?.stack ?? error).slice(0, 1500) };
  }
}

/** @throws Error where text for people could steer a terminal. */
function requirePlain(text: string): void {
  const found = /[^\P{Cc}\n\t\r]/u.exec(text);
  if (found)
    throw new Error(
      `Control character ${found[0].codePointAt(0)} in ${JSON.stringify(text.slice(Math.max(0, found.index - 40), found.index + 40))}`,
    );
}
