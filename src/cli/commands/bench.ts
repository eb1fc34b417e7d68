import { Option } from 'commander';
import { formatBytes, OptionError } from '../../base/index.js';
import { inventedShapes, runnableInputs } from '../../diagnosis/index.js';
import { loadModel, modelBytes } from '../../formats/node/index.js';
import { batchBindings } from '../../infrastructure/hardware/index.js';
import { measureLatency } from '../../infrastructure/hardware/node/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import type { Model, Value } from '../../onnx/index.js';
import type { AddCommand } from '../command.js';
import type { CommonOptions } from '../options.js';
import { positiveInteger, shapes, sizes } from '../units.js';

interface Options extends CommonOptions {
  threads?: number;
  batch?: number;
  runs: number;
  backend: 'cpu' | 'webgpu';
  dims?: Record<string, number>;
  shape?: Record<string, number[]>;
}

/** Latency, throughput and memory of a model on this machine. */
export const benchCommand: AddCommand = (program, run) => {
  program
    .command('bench <model>')
    .option('--threads <number>', 'threads inside an operator (default: all cores)', positiveInteger)
    .option('--batch <number>', 'samples at a time, where the model leaves that open (default: 1)', positiveInteger)
    .option('--runs <number>', 'timed runs, at least', positiveInteger, 100)
    .option('--dims <sizes>', 'sizes of other open dimensions, e.g. length=128', sizes)
    .option('--shape <shapes>', 'shapes of inputs, e.g. "input=1x3x224x224;mask=1x8"', shapes)
    .addOption(new Option('--backend <name>', 'where to run').choices(['cpu', 'webgpu']).default('cpu'))
    .addHelpText('after', '\nExample:\n  $ espalier bench model.onnx --threads 1 --batch 8')
    .action(
      run(async (context, { threads, batch, runs, backend, dims, shape }: Options, path: string) => {
        const { runtime, output, activity, seed } = context;
        const model = loadModel(path);
        await checkDims(model, runtime, dims, shape);
        const measured = await measureLatency(runtime, model, {
          ...activity,
          threads,
          batch,
          runs,
          backend,
          bindings: dims,
          inputShapes: shape,
          seed,
        });
        const { p50, p95, p99, throughput, noise, memory, load } = measured;
        const ms = (value: number) => `${value < 100 ? value.toPrecision(3) : Math.round(value)} ms`;
        const lines = [
          `${path} (${formatBytes(modelBytes(path))}) on ${measured.runtime}, ${backend}, ${measured.threads} thread(s), batch ${measured.batch}, ${measured.runs} runs`,
          `  latency     p50 ${ms(p50)}   p95 ${ms(p95)}   p99 ${ms(p99)}`,
          `  throughput  ${throughput.toPrecision(4)} samples/s`,
          `  load        ${ms(load)}`,
          `  memory      +${formatBytes(memory.delta)} resident at the peak`,
        ];
        if (noise > 0.05)
          lines.push(`  The machine is noisy: block medians vary by ${(100 * noise).toFixed(0)}%. Run it again on a quiet machine.`);
        output.result({ model: path, ...measured }, lines.join('\n'));
      }),
    );
};

/** @throws OptionError naming the options that give open dimensions a size; those of the batch have one. */
async function checkDims(
  model: Model,
  runtime: Runtime,
  dims: Record<string, number> = {},
  shape: Record<string, number[]> = {},
): Promise<void> {
  const { feeds } = model.graph;
  const batch = batchBindings(model, 1);
  const known = new Set([...Object.keys(dims), ...Object.keys(batch)]);
  for (const { name, shape: declared } of feeds) {
    if (shape[name]) continue;
    const open = declared?.filter((dim) => typeof dim !== 'number' && !known.has(dim.text)).map(String);
    if (open?.length === 0) continue;
    // Sizes with which it runs.
    const likely = inventedShapes(model, await runnableInputs(model, runtime, { shapes: shape }));
    const isOpen = ({ name, shape: dims }: Value) => !shape[name] && !dims?.every((dim) => typeof dim === 'number');
    const all = feeds.filter(isOpen).map((input) => `${input.name}=${likely[input.name]?.join('x') || '1x16'}`);
    const sizeOf = (text: string) => likely[name]?.[declared?.findIndex((dim) => typeof dim !== 'number' && dim.text === text) ?? 0] ?? 16;
    throw new OptionError({
      what: `The input "${name}" has ${open ? 'open dimensions' : 'no known shape'}`,
      where: model.source,
      got: `[${declared?.join(', ') ?? '?'}]`,
      fix: `Give --shape "${all.join(';')}"${open?.every((dim) => /^\w/.test(dim)) ? `, or --dims "${open.map((dim) => `${dim}=${sizeOf(dim)}`).join(',')}"` : ''}, with the sizes that you want.`,
    });
  }
}
