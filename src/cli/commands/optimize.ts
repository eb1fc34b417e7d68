import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import { architecture, architectures } from '../../architectures/index.js';
import { samplers } from '../../automation/index.js';
import { OptionError, UnsupportedError } from '../../base/index.js';
import { writeFileAtomic } from '../../base/node/index.js';
import type { HardwareModel } from '../../infrastructure/hardware/index.js';
import { type LanguageName, languages } from '../../infrastructure/targets/index.js';
import { targetNamed } from '../../infrastructure/targets/node/index.js';
import { freshModel } from '../../modalities/index.js';
import type { Model } from '../../onnx/index.js';
import { frontTable, reportHtml } from '../../report/render/index.js';
import {
  growImproveShrink,
  type Limits,
  type ObjectiveName,
  type OptimizeRequest,
  openRun,
  optimize,
  parseRule,
  type RunInfo,
  type Strategy,
  shrinkAndImprove,
  techniques,
  WAVE,
  type Workspace,
} from '../../strategies/index.js';
import { nodeHost, openWorkerWorkspace, openWorkspace } from '../../strategies/node/index.js';
import type { Task } from '../../training/index.js';
import { checkFolder } from '../checks.js';
import type { AddCommand } from '../command.js';
import type { CommandContext } from '../context.js';
import { hardwareFrom } from '../hardware.js';
import { addDataOptions, type CommonOptions, type DataOptions, type Limited } from '../options.js';
import { argsForWorkers } from '../queue/messages.js';
import { serveParent } from '../queue/serve-parent.js';
import { bytes, count, latency, milliseconds, number, positiveInteger, positiveIntegers, positiveNumber } from '../units.js';

interface Options extends CommonOptions, Omit<DataOptions, 'limit'> {
  limit?: number;
  rules?: Limits['rules'];
  arch?: string;
  width: number;
  depth: number;
  resolution?: number;
  strategy?: 'shrink-and-improve' | 'grow-improve-shrink';
  out: string;
  trials: number;
  budget?: number;
  epochs?: number;
  jobs?: number;
  queue?: string;
  tag?: string;
  wave?: number;
  serveJobs?: boolean;
  families?: string[];
  sampler?: string;
  objectives?: ObjectiveName[];
  hardware?: string;
  serving?: number[];
  watts?: number;
  pricePerHour?: number;
  compile?: LanguageName;
  maxRam?: number;
  maxFlash?: number;
  maxSize?: number;
  maxLatency?: number;
  maxMemory?: number;
  maxMacs?: number;
  maxDrop?: number;
  minQuality?: number;
}

const strategies = { [shrinkAndImprove.name]: shrinkAndImprove, [growImproveShrink.name]: growImproveShrink };

/** The main job. */
export const optimizeCommand: AddCommand = (program, run) => {
  addDataOptions(program.command('optimize [model]'), {
    threads: 'threads of each recipe (default: 1), and of latency (default: all cores)',
    limits: true,
  })
    .addOption(new Option('--arch <name>', 'start from an architecture instead of a model').choices(architectures.map((each) => each.name)))
    .option('--width <factor>', 'channels of the architecture', positiveNumber, 1)
    .option('--depth <factor>', 'blocks per stage of the architecture', positiveNumber, 1)
    .option('--resolution <pixels>', 'side of its input image', positiveInteger)
    .addOption(
      new Option(
        '--strategy <name>',
        'what to search (default: shrink-and-improve for a model, grow-improve-shrink for an architecture)',
      ).choices(Object.keys(strategies)),
    )
    .requiredOption('-o, --out <folder>', 'where models, cards, report and journal go; an interrupted run goes on there')
    .option('--trials <number>', 'recipes to try', positiveInteger, 12)
    .option('--budget <time>', 'end the search after this time, e.g. 30m; what is done by then is measured and written', milliseconds)
    .option('--epochs <number>', 'epochs of one full training (default: by the amount of data)', positiveInteger)
    .option(
      '--jobs <number>',
      'recipes tried side by side, one thread each (default: 1; with --queue as many as a wave has)',
      positiveInteger,
    )
    .option('--queue <url>', 'have workers ("espalier worker") make and measure the models: redis://host:6379')
    .option('--tag <name>', 'only workers with this tag')
    .option('--wave <number>', `recipes that are proposed at a time, from the results of those before (default: ${WAVE})`, positiveInteger)
    .addOption(new Option('--serve-jobs').hideHelp())
    .option(
      '--families <list>',
      'architectures to look at, the likeliest first, e.g. fast-cnn,resnet-8 (grow-improve-shrink; default: all)',
      families,
    )
    .addOption(
      new Option('--sampler <name>', 'what proposes recipes; see "espalier samplers" (default: tpe)').choices(Object.keys(samplers)),
    )
    .option('--objectives <list>', 'what quality is traded for: bytes, macs, memory, latency (default: bytes,macs)', objectives)
    .option(
      '--hardware <name>',
      'estimate latency for hardware that is not at hand instead of measuring it here: a name of "espalier estimate --list", or a JSON file',
    )
    .option(
      '--serving <list>',
      'serve the front with so many requests at a time, e.g. 1,2,4, or none (default: 1, 2, 4, … up to all cores, a quarter of a second each)',
      requests,
    )
    .option('--watts <number>', 'power of what serves, for the energy of a million inferences and of the run', positiveNumber)
    .option(
      '--price-per-hour <number>',
      'price of an hour of what serves, in any currency, for the cost of a million inferences',
      positiveNumber,
    )
    .addOption(
      new Option(
        '--compile <language>',
        'compile every model of the front as well, and check that (default: c where --max-ram or --max-flash is given)',
      ).choices(Object.keys(languages)),
    )
    .option('--max-ram <bytes>', 'most memory of the compiled model, inputs and outputs included, e.g. 64KB', bytes)
    .option('--max-flash <bytes>', 'most bytes of its code and constants, e.g. 256KB', bytes)
    .option('--max-size <bytes>', 'largest file, e.g. 100KB', bytes)
    .option('--max-latency <time>', 'longest median latency of one sample, e.g. 5ms', latency)
    .option('--max-memory <bytes>', 'most activation memory for one sample', bytes)
    .option('--max-macs <number>', 'most multiply-accumulates for one sample, e.g. 12M', count)
    .option('--max-drop <points>', 'largest loss of quality against the original, in percentage points', number)
    .option('--min-quality <value>', 'worst quality by the metric that leads, e.g. 0.9, or for errors the largest', number)
    .addHelpText(
      'after',
      '\nExamples:\n  $ espalier optimize model.onnx --data photos/ --max-drop 1 --budget 30m --out better/\n  $ espalier optimize --arch survey-cnn --width 0.25 --data digits --max-size 100KB --out better/\n  $ espalier optimize model.onnx --data /shared/photos --out /shared/better --queue redis://10.0.0.5:6379 --wave 8\n\nKilled or stopped, the same command goes on where it was.',
    )
    .action(
      run(async (context, given: Omit<Options, 'limit'> & { limit?: Limited }, path: string | undefined) => {
        const options: Options = { ...given, limit: given.limit?.samples, rules: given.limit?.rules.map(parseRule) };
        const hardware = options.hardware === undefined ? undefined : hardwareFrom(options.hardware);
        checkStart(path, options);
        checkFolder(options.out);
        const start =
          path === undefined
            ? await startFromArchitecture(options.arch as string, options, context)
            : await startFromModel(path, options, context);
        if (options.serveJobs) return serveJobs(start, { ...options, hardware }, context);
        const info = await runOptimization(start, { ...options, hardware }, context);
        const { width, color } = context.output;
        context.output.result(info, `${frontTable(info, { width, color })}\n\nReport: ${join(options.out, 'report.html')}`);
        checkOutcome(info);
      }),
    );
};

/** @throws OptionError where there is not one start, before anything is read. */
function checkStart(path: string | undefined, { arch }: Options): void {
  if ((path === undefined) === (arch === undefined))
    throw new OptionError({ what: 'Give either a model or --arch', got: path === undefined ? 'neither' : 'both' });
}

/** @throws UnsupportedError where the search came to an end and no recipe could be applied, with the reasons. */
function checkOutcome({ models, failures, name }: RunInfo): void {
  if (models.length > 0 || failures.length === 0) return;
  const reasons = [...new Set(failures.map(({ message }) => message))];
  throw new UnsupportedError({
    what: `No recipe could be applied: ${failures.length} of ${failures.length} trials failed`,
    where: name,
    got: reasons.slice(0, 3).join(' / ').replace(/\.$/, ''),
  });
}

/** Where a run starts from. */
export interface Start {
  name: string;
  model: Model;
  task: Task;
  architecture?: { name: string; width: number; depth: number; resolution?: number; scales: readonly string[] };
}

async function startFromModel(path: string, options: Options, context: CommandContext): Promise<Start> {
  const model = await context.model(path);
  return { name: basename(path), model, task: await context.task(model, options) };
}

async function startFromArchitecture(name: string, options: Options, context: CommandContext): Promise<Start> {
  const source = await context.source(options);
  const family = architecture(name);
  const { width, depth, resolution } = options;
  const { model, preprocess } = freshModel(source, { family: name, width, depth, resolution, seed: context.seed });
  const task = await context.task(model, options, { source, untrained: true, preprocess });
  return {
    name: `${name} on ${source.name}`,
    model,
    task,
    architecture: { name, width, depth, resolution, scales: family.scales },
  };
}

export type RunOptions = Pick<
  Options,
  | 'out'
  | 'strategy'
  | 'sampler'
  | 'trials'
  | 'budget'
  | 'epochs'
  | 'jobs'
  | 'queue'
  | 'tag'
  | 'wave'
  | 'serveJobs'
  | 'families'
  | 'objectives'
  | 'threads'
  | 'compile'
  | 'serving'
  | 'watts'
  | 'pricePerHour'
> &
  Limits & { hardware?: HardwareModel };

/** Opens the folder, optimizes, writes the report. */
export async function runOptimization(start: Start, options: RunOptions, context: CommandContext): Promise<RunInfo> {
  // Before a folder is made for nothing.
  strategyFor(start, options);
  const workspace = await openWorkspace(options.out, context.activity);
  context.defer(() => workspace.close());
  context.kept ??= options.out;
  const info = await optimize({ ...requestOf(start, options, context, workspace), workers: await workersOf(options, context) });
  await writeFileAtomic(join(options.out, 'report.html'), reportHtml(info));
  return info;
}

/** Where stages are made elsewhere: the queue, and how a worker opens this run. */
async function workersOf({ queue: url, tag }: RunOptions, context: CommandContext): Promise<OptimizeRequest['workers']> {
  if (url === undefined) return undefined;
  const { openBullQueue } = await import('../../automation/node/index.js');
  const queue = await openBullQueue({ url, tag }, context.activity);
  context.defer(() => queue.close());
  context.output.info(`Models are made by workers: espalier worker --queue ${queue.name}${tag === undefined ? '' : ` --tags ${tag}`}`);
  return { queue, open: { args: argsForWorkers(process.argv.slice(2)), folder: process.cwd() } };
}

/** Does jobs of the run for a worker, whose process started this one. */
async function serveJobs(start: Start, options: RunOptions, context: CommandContext): Promise<void> {
  const workspace = await openWorkerWorkspace(options.out, context.activity);
  context.defer(() => workspace.close());
  await serveParent(openRun(requestOf(start, options, context, workspace), hostname()), context);
}

/** @throws OptionError where the strategy does not search what is to be searched. */
function strategyFor({ architecture }: Start, { strategy: name, families }: RunOptions): Strategy {
  const strategy = strategies[name ?? (architecture ? growImproveShrink.name : shrinkAndImprove.name)];
  if (!families || strategy === growImproveShrink) return strategy;
  throw new OptionError({
    what: `Families are what ${growImproveShrink.name} searches`,
    got: strategy.name,
    fix: 'Leave --families out, or give --strategy.',
  });
}

function requestOf(start: Start, options: RunOptions, context: CommandContext, workspace: Workspace): OptimizeRequest {
  const strategy = strategyFor(start, options);
  const { maxSize, maxLatency, maxMemory, maxRam, maxFlash, maxMacs, maxDrop, minQuality, rules } = options;
  const { trials, epochs, threads, families, sampler, wave, objectives, hardware, serving, watts, pricePerHour } = options;
  const target = options.compile ?? (maxRam !== undefined || maxFlash !== undefined ? 'c' : undefined);
  return {
    ...context.activity,
    name: start.name,
    original: start.model,
    architecture: start.architecture,
    task: start.task,
    strategy,
    registry: techniques,
    runtime: context.runtime,
    workspace,
    host: nodeHost(context.runtime, options.out, { threads, signal: context.activity.signal, also: target && [targetNamed(target)] }),
    options: {
      trials,
      epochs,
      jobs: options.jobs ?? (options.queue === undefined ? 1 : (wave ?? WAVE)),
      wave,
      threads,
      seed: context.seed,
      budgetMs: options.budget,
      families,
      sampler,
      objectives,
      target,
      hardware,
      serving,
      watts,
      pricePerHour,
      limits: { maxSize, maxLatency, maxMemory, maxRam, maxFlash, maxMacs, maxDrop, minQuality, ...(rules?.length && { rules }) },
    },
  };
}

/** Requests at a time; an empty list for none. */
function requests(text: string): number[] {
  return text === 'none' ? [] : positiveIntegers(text);
}

function families(text: string): string[] {
  return someOf(
    architectures.map(({ name }) => name),
    text,
  );
}

function objectives(text: string): ObjectiveName[] {
  return someOf(['quality', 'bytes', 'macs', 'memory', 'latency'], text);
}

function someOf<Name extends string>(known: readonly Name[], text: string): Name[] {
  const wanted = text.split(',').map((name) => name.trim());
  if (!wanted.every((name) => known.includes(name as Name))) throw new InvalidArgumentError(`Expected some of ${known.join(', ')}.`);
  return wanted as Name[];
}
