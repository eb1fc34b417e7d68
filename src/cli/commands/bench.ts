import { Option } from 'commander';
import { formatBytes, OptionError } from '../../base/index.js';
import { loadModel, modelBytes } from '../../formats/node/index.js';
import { batchBindings } from '../../infrastructure/hardware/index.js';
import { measureLatency, measureServing } from '../../infrastructure/hardware/node/index.js';
import { servingTable } from '../../report/render/index.js';
import type { AddCommand } from '../command.js';
import { requireDims, requireShapes } from '../input-shapes.js';
import { requireSizes } from '../input-sizes.js';
import type { CommonOptions } from '../options.js';
import { positiveInteger, positiveIntegers, positiveNumber, shapes, sizes } from '../units.js';

interface Options extends CommonOptions {
  threads?: number;
  batch?: number;
  runs: number;
  backend: 'cpu' | 'webgpu';
  dims?: Record<string, number>;
  shape?: Record<string, number[]>;
  concurrent?: number[];
  watts?: number;
  pricePerHour?: number;
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
    .option(
      '--concurrent <list>',
      'requests at a time, e.g. 1,2,4: throughput, memory and latency of each (threads default to 1)',
      positiveIntegers,
    )
    .option('--watts <number>', 'power of the machine, for the energy of an inference with --concurrent', positiveNumber)
    .option(
      '--price-per-hour <number>',
      'price of an hour of the machine, for the cost of a million inferences with --concurrent',
      positiveNumber,
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ espalier bench model.onnx --threads 1 --batch 8\n  $ espalier bench model.onnx --concurrent 1,2,4 --watts 65 --price-per-hour 0.2',
    )
    .action(
      run(async (context, options: Options, path: string) => {
        const { threads, batch, runs, backend, dims, shape, concurrent } = options;
        const { runtime, output, activity, seed } = context;
        if (!concurrent && (options.watts ?? options.pricePerHour) !== undefined)
          throw new OptionError({
            what: '--watts and --price-per-hour are for requests side by side',
            fix: 'Give --concurrent, e.g. --concurrent 1,2,4.',
          });
        const model = loadModel(path);
        requireShapes(model, shape);
        requireDims(model, dims);
        const sized = new Set(Object.keys({ ...dims, ...batchBindings(model, 1) }));
        await requireSizes(model, runtime, { shapes: shape, isKnown: ({ text }) => sized.has(text), hasDims: true });
        const settings = { ...activity, batch, runs, backend, bindings: dims, inputShapes: shape, seed, ...(threads && { threads }) };
        if (concurrent) {
          const { watts, pricePerHour } = options;
          const serving = await measureServing(runtime, model, { ...settings, concurrent, watts, pricePerHour });
          output.result(
            { model: path, runtime: runtime.name, backend, threads: threads ?? 1, serving },
            `${path} on this machine\n${servingTable(serving, { width: output.width, color: output.color })}`,
          );
          return;
        }
        const measured = await measureLatency(runtime, model, settings);
        const { p50, p95, p99, throughput, noise, memory, load } = measured;
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

function ms(value: number): string {
  return `${value < 100 ? value.toPrecision(3) : Math.round(value)} ms`;
}
