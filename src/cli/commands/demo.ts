import { existsSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { surveyCnn } from '../../architectures/index.js';
import { formatBytes, formatDuration } from '../../base/index.js';
import { makeFolder, writeFileAtomic } from '../../base/node/index.js';
import { loadModel } from '../../formats/node/index.js';
import { trainTechnique } from '../../learning/tuning/index.js';
import { createTask, noteTask } from '../../modalities/index.js';
import { openDataset } from '../../modalities/node/index.js';
import { summarize as summarizeRun } from '../../report/info/index.js';
import { frontSvg, frontTable } from '../../report/render/index.js';
import type { RunInfo } from '../../strategies/index.js';
import { checkpointFolder } from '../../strategies/node/index.js';
import { checkOptions } from '../../technique/index.js';
import { evaluate } from '../../training/index.js';
import { checkFolder } from '../checks.js';
import type { AddCommand } from '../command.js';
import { compileFile } from '../compiling/compile.js';
import type { CommandContext } from '../context.js';
import { runOptimization } from '../optimizing/run.js';
import type { Start } from '../optimizing/start.js';
import type { CommonOptions } from '../options.js';
import { ship } from '../shipping/index.js';
import { serveStudio } from '../studio/serve.js';

interface Options extends CommonOptions {
  out: string;
  studio: boolean;
}

/** Width of the net that the demo shrinks, and of the one that it grows from. */
const LARGE = 0.5;
const SMALL = 0.25;
const EPOCHS = 12;

/** The main job on built-in data, both strategies, in a few minutes. */
export const demoCommand: AddCommand = (program, run) => {
  program
    .command('demo')
    .option('--out <folder>', 'where everything goes', 'demo-out')
    .option('--no-studio', 'do not show the two runs in the studio at the end (in a terminal only)')
    .addHelpText('after', '\nExample:\n  $ espalier demo --out demo-out')
    .action(
      run(async (context, { out, studio }: Options) => {
        const started = performance.now();
        checkFolder(out);
        makeFolder(out);
        context.kept = out;
        const { output } = context;
        output.info('1/4  Training a small convolutional net on 1,797 handwritten digits (UCI optdigits, CC BY 4.0).');
        const shrink = await trainedStart(join(out, 'start.onnx'), context);
        output.info('2/4  Shrink-and-improve: the same quality from a smaller model.');
        const common = { jobs: 2, threads: 1, epochs: EPOCHS, maxDrop: 3 };
        const shrunk = await runOptimization(
          shrink,
          { ...common, out: join(out, 'shrink'), strategy: 'shrink-and-improve', trials: 14 },
          context,
        );
        output.info('3/4  Grow-improve-shrink: a better model of the same size.');
        const grow = await familyStart(context);
        const grown = await runOptimization(
          grow,
          { ...common, out: join(out, 'grow'), strategy: 'grow-improve-shrink', trials: 8 },
          context,
        );
        await writeFileAtomic(join(out, 'front.svg'), frontSvg(shrunk));
        output.info('4/4  Compiling the best of the smaller models: it then needs no runtime.');
        const compiled = await compiledLines(shrunk, out, context);
        const table = (info: RunInfo) => frontTable(info, { width: output.width, color: output.color });
        const text = [
          table(shrunk),
          '',
          table(grown),
          '',
          ...compiled,
          '',
          `Reports: ${join(out, 'shrink', 'report.html')}, ${join(out, 'grow', 'report.html')}`,
          `Models:  ${join(out, 'shrink', 'models')}, ${join(out, 'grow', 'models')}`,
          `Took ${formatDuration((performance.now() - started) / 1000)}.`,
        ];
        output.result({ shrink: shrunk, grow: grown }, text.join('\n'));
        if (studio) await showRuns(out, context);
      }),
    );
};

/** In a terminal the studio, until it is stopped; where nobody would stop it, the command. */
async function showRuns(out: string, context: CommandContext): Promise<void> {
  const { output } = context;
  if (output.isJson || !process.stdout.isTTY) output.info(`Both runs in the studio: espalier studio ${out}`);
  else await serveStudio(context, { root: out, host: '127.0.0.1' }, ([link]) => output.info(`Both runs in the studio: ${link}`));
}

/** The model that the report recommends, as a WebAssembly module and as C, beside what a page loads with a runtime. */
async function compiledLines(info: RunInfo, out: string, context: CommandContext): Promise<string[]> {
  const best = summarizeRun(info).best;
  if (!best) return [];
  const path = join(out, 'shrink', best.file);
  const request = { out: join(out, 'compiled'), name: 'digits', check: true };
  const page = await compileFile(context, path, { ...request, target: 'wasm' });
  const chip = await compileFile(context, path, { ...request, target: 'c' });
  const loaded = page.files.filter(({ path: file }) => !file.endsWith('.ts')).reduce((sum, { bytes }) => sum + bytes, 0);
  const agrees = page.checked?.status === 'agrees' ? 'it answers as ONNX Runtime does' : `${page.checked?.detail}`;
  const runtime = runtimeBytes();
  return [
    `${best.label} as a module for a page: ${formatBytes(loaded)}, everything included (${agrees})${runtime ? `; onnxruntime-web's module alone: ${formatBytes(runtime)}` : ''}.`,
    `As C for a microcontroller: ${formatBytes(chip.summary.constantBytes)} of flash for weights, ${formatBytes(chip.summary.arenaBytes)} of RAM.`,
    `Code:    ${join(out, 'compiled')}`,
  ];
}

/** Bytes of the module that onnxruntime-web loads on a processor; undefined where it is not installed. */
function runtimeBytes(): number | undefined {
  try {
    const entry = createRequire(import.meta.url).resolve('onnxruntime-web');
    return statSync(join(dirname(entry), 'ort-wasm-simd-threaded.wasm')).size;
  } catch {
    return undefined;
  }
}

async function digits(context: CommandContext) {
  const source = await openDataset('digits', {}, context.activity);
  context.defer(() => source.close());
  return source;
}

async function familyStart(context: CommandContext): Promise<Start> {
  const source = await digits(context);
  const model = surveyCnn.build({ input: [1, 8, 8], classes: 10, width: SMALL, seed: context.seed });
  const { task } = await createTask(
    model,
    source,
    context.runtime,
    { preprocess: '0-1', untrained: true, splits: { seed: context.seed } },
    context.activity,
  );
  noteTask(model, task);
  return {
    name: 'survey-cnn on digits',
    model,
    task,
    architecture: { name: surveyCnn.name, width: SMALL, depth: 1, scales: surveyCnn.scales },
  };
}

/** Trains the model to be shrunk; one that an earlier demo left is used again, so that a stopped demo goes on. */
async function trainedStart(path: string, context: CommandContext): Promise<Start> {
  const source = await digits(context);
  const fresh = surveyCnn.build({ input: [1, 8, 8], classes: 10, width: LARGE, seed: context.seed });
  const { task } = await createTask(
    fresh,
    source,
    context.runtime,
    { preprocess: '0-1', untrained: true, splits: { seed: context.seed } },
    context.activity,
  );
  noteTask(fresh, task);
  const checkpoints = checkpointFolder(`${path}.work`);
  const { activity, runtime, seed } = context;
  if (!existsSync(path)) {
    const options = checkOptions(trainTechnique, { epochs: EPOCHS, batchSize: 64, augment: [{ name: 'crop', pixels: 1 }] });
    const { model } = await trainTechnique.apply({ ...activity, model: fresh, task, runtime, seed, checkpoints }, options);
    await ship({ context, model, out: path, task, options: { time: false } });
    await rm(`${path}.work`, { recursive: true, force: true });
  }
  const model = loadModel(path);
  const { value } = await evaluate(model, task, runtime, activity);
  context.output.info(`     ${path}: ${(100 * value).toFixed(1)}% of the validation digits right.`);
  return { name: 'digits net', model, task };
}
