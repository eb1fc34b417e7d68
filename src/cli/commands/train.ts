import { InvalidArgumentError, Option } from 'commander';
import { architecture, architectures } from '../../architectures/index.js';
import { OptionError } from '../../base/index.js';
import { augmentationKinds } from '../../data/index.js';
import { withPseudoLabels } from '../../learning/semi-supervised/index.js';
import { trainTechnique } from '../../learning/tuning/index.js';
import type { AnyMetric } from '../../metrics/index.js';
import { freshModel, usualAugmentation } from '../../modalities/index.js';
import { prepareArchitecture, techniques } from '../../strategies/index.js';
import { checkOptions } from '../../technique/index.js';
import { type EpochRecord, LOSSES, OPTIMIZERS, type Task } from '../../training/index.js';
import type { AddCommand } from '../command.js';
import type { CommandContext } from '../context.js';
import { addDataOptions, type CommonOptions, type DataOptions } from '../options.js';
import { intervalText, qualityText } from '../quality.js';
import { addShippingOptions, leadingLines, proofLines, type ShippingOptions, ship, shippedFacts } from '../shipping/index.js';
import { bytes, factors, list, number, positiveInteger, positiveNumber } from '../units.js';

/** Options of commands that train. */
export interface TrainingFlags {
  epochs?: number;
  batchSize?: number;
  accumulate?: number;
  maxMemory?: number;
  lr?: number;
  optimizer?: string;
  schedule?: string;
  weightDecay?: number;
  smoothing?: number;
  ema?: number;
  clip?: number;
  sam?: number;
  augment?: Record<string, unknown>[];
  freeze?: string[];
  freezeDepth?: number;
  freezeStatistics?: true;
  patience?: number;
  balanced?: true;
  loss?: string;
  balanceClasses?: true;
  rateFactors?: { match: string; factor: number }[];
}

interface Options extends CommonOptions, DataOptions, ShippingOptions, TrainingFlags {
  arch?: string;
  model?: string;
  width: number;
  depth: number;
  resolution?: number;
  backend: 'cpu' | 'webgpu';
  unlabelledData?: string;
  teacher?: string;
  threshold: number;
  unlabelledWeight: number;
  out: string;
}

const EXAMPLES = `
Images for a fresh architecture are shifted a little unless --augment says otherwise. A killed training goes on where it stopped when the same command
is given again.

Examples:
  $ espalier train --arch survey-cnn --width 0.25 --data cifar10/ --epochs 15 --lr 0.006 --augment flip,crop:2 --out model.onnx
  $ espalier train --model model.onnx --data photos/ --freeze-depth 0.8 --rate-factors "*.bias=2" --out tuned.onnx
  $ espalier train --arch resnet-20 --data cifar10/ --optimizer lamb --batch-size 1024 --accumulate 8 --out large.onnx
  $ espalier train --arch resnet-20 --data cifar10/ --max-memory 120MB --out model.onnx
  $ espalier train --arch survey-cnn --width 0.25 --data labelled/ --unlabelled-data photos/ --teacher big.onnx --out small.onnx`;

const ADVICE = 'Train longer or more gently (--epochs, --lr).';

/** Trains an architecture, or fine-tunes a model. */
export const trainCommand: AddCommand = (program, run) => {
  const command = addDataOptions(program.command('train'))
    .addOption(new Option('--arch <name>', 'architecture to train').choices(architectures.map((each) => each.name)))
    .option('--model <file>', 'ONNX model to fine-tune instead')
    .option('--width <factor>', 'channels, relative to the architecture as published', positiveNumber, 1)
    .option('--depth <factor>', 'blocks per stage, relative', positiveNumber, 1)
    .option('--resolution <pixels>', "side of the input image (default: the data's)", positiveInteger)
    .addOption(new Option('--backend <name>', 'where to train').choices(['cpu', 'webgpu']).default('cpu'))
    .option('--unlabelled-data <path>', 'more samples, which the teacher labels')
    .option('--teacher <file>', 'with --unlabelled-data: the model that labels')
    .option('--threshold <probability>', 'how sure the teacher must be of a label', number, 0.9)
    .option('--unlabelled-weight <factor>', 'how much a sample that the teacher labelled counts in the loss', positiveNumber, 1)
    .requiredOption('-o, --out <file>', 'where the trained model goes');
  addShippingOptions(addTrainingOptions(command))
    .addHelpText('after', EXAMPLES)
    .action(
      run(async (context, options: Options) => {
        const { output, runtime, activity, seed } = context;
        if ((options.arch === undefined) === (options.model === undefined))
          throw new OptionError({ what: 'Give either --arch or --model' });
        context.willWrite(options.out);
        const suits = options.arch ? architecture(options.arch).training : {};
        const given = checkOptions(trainTechnique, { ...suits, ...trainingFlags(options) });
        const { model: fresh, task: labelled } = options.arch
          ? await fromArchitecture(options.arch, options, context)
          : await fromModel(options, context);
        const task = await withUnlabelled(labelled, options, context);
        const common = { ...activity, task, runtime, seed, backend: options.backend, threads: options.threads };
        const model = options.arch ? await prepareArchitecture(options.arch, { ...common, model: fresh }, techniques) : fresh;
        const { checkpoints, clear } = await context.checkpointsBeside(options.out);
        const result = await trainTechnique.apply(
          { ...common, model, checkpoints },
          options.arch && options.augment === undefined ? { ...given, augment: usualAugmentation(task.splits.train.inputs[0]) } : given,
        );
        const original = options.model === undefined ? undefined : { model: fresh, path: options.model, task: labelled };
        const { out } = options;
        const shipped = await ship({ context, model: result.model, out, task, original, options, advice: ADVICE, clear });
        const { after: quality } = shipped.quality;
        if (quality) await context.warnOf(quality, task);
        const { training, facts } = result.notes;
        output.result(
          { model: out, preprocess: task.feeds, training, facts, test: quality, ...shippedFacts(shipped) },
          [
            ...leadingLines(shipped),
            ...epochLines(result.notes.training ?? [], task.metric),
            ...(result.notes.remarks ?? []),
            ...proofLines({ time: shipped.time }),
            ...(quality ? [`test ${task.metric.label}: ${qualityText(quality)} ${intervalText(quality).trim()}`.trim()] : []),
            `Wrote ${out}`,
          ].join('\n'),
        );
      }),
    );
};

/** The task with what a teacher makes of unlabelled data, where that is given. */
async function withUnlabelled(task: Task, options: Options, context: CommandContext): Promise<Task> {
  const { unlabelledData, teacher: path, threshold, unlabelledWeight: weight, threads } = options;
  if ((unlabelledData === undefined) !== (path === undefined))
    throw new OptionError({
      what: 'Unlabelled data and the teacher that labels it belong together',
      fix: 'Give both --unlabelled-data and --teacher.',
    });
  if (unlabelledData === undefined || path === undefined) return task;
  const teacher = await context.model(path);
  const teacherTask = await context.task(teacher, { ...options, limit: undefined });
  const { train } = await context.source({ ...options, data: unlabelledData, unlabelled: true, limit: undefined }, teacher);
  const { runtime, activity } = context;
  const found = await withPseudoLabels(task, { ...activity, teacher, teacherTask, unlabelled: train, runtime, threshold, weight, threads });
  context.output.info(
    `The teacher labels ${found.kept} of ${found.samples} unlabelled samples with a probability of at least ${threshold}.`,
  );
  return found.task;
}

async function fromModel(options: Options, context: Parameters<Parameters<Parameters<AddCommand>[1]>[0]>[0]) {
  const model = await context.model(options.model as string);
  return { model, task: await context.task(model, options) };
}

async function fromArchitecture(family: string, options: Options, context: Parameters<Parameters<Parameters<AddCommand>[1]>[0]>[0]) {
  const source = await context.source(options);
  const { width, depth, resolution } = options;
  const { model, preprocess } = freshModel(source, { family, width, depth, resolution, seed: context.seed });
  return { model, task: await context.task(model, options, { source, untrained: true, preprocess }) };
}

export function addTrainingOptions<C extends import('commander').Command>(command: C): C {
  command
    .option('--epochs <number>', 'passes over the training part', positiveInteger)
    .option('--batch-size <number>', 'samples a step', positiveInteger)
    .option('--accumulate <parts>', 'go through each batch in so many parts: large batches in little memory', positiveInteger)
    .option(
      '--max-memory <size>',
      'most memory for a step, e.g. 200MB: activations are computed again rather than kept until it fits',
      bytes,
    )
    .option('--lr <rate>', "largest learning rate (default: the optimizer's)", positiveNumber)
    .addOption(new Option('--optimizer <name>', 'update rule (default: adam)').choices(OPTIMIZERS))
    .addOption(new Option('--schedule <name>', 'how the learning rate moves').choices(['one-cycle', 'cosine', 'linear', 'constant']))
    .option('--weight-decay <factor>', 'on matrices and kernels', number)
    .option('--smoothing <share>', 'label smoothing', number)
    .option('--ema <factor>', 'moving average of the weights, e.g. 0.999', number)
    .option('--clip <norm>', "limit of the gradients' joint norm", positiveNumber)
    .option(
      '--sam <radius>',
      'sharpness-aware minimization: seek minima that are flat that near, e.g. 0.05; steps take twice as long',
      positiveNumber,
    )
    .option(
      '--augment <list>',
      `of ${[...augmentationKinds().keys()].join(', ')}, with a number after a colon, e.g. flip,crop:2, or none; flip:alternate mirrors every other epoch`,
      augmentations,
    )
    .option('--freeze <list>', 'weights that stay as they are, by name, e.g. "stem.*,backbone.*"', list)
    .option('--freeze-depth <share>', 'share of the layers that stay, the first ones; 1 trains the last one alone', number)
    .option('--freeze-statistics', 'leave the running statistics of batch normalizations as they are')
    .option('--patience <epochs>', 'stop after so many epochs without a better validation quality, and keep the best', positiveInteger)
    .addOption(new Option('--loss <name>', "one of the task's (default: its first)").choices(LOSSES))
    .option('--balance-classes', 'weigh the loss of rare classes up until every class counts alike')
    .option('--balanced', 'draw as many samples of each class, rare ones repeatedly')
    .option('--rate-factors <list>', 'factors of the learning rate, by name, e.g. "backbone.*=0.1"', factors);
  return command;
}

/** "flip,crop:2" as options of augmentations. */
function augmentations(text: string): Record<string, unknown>[] {
  if (text.trim() === 'none') return [];
  return text.split(',').map((each) => {
    const [name, given, ...more] = each.trim().split(':');
    const kind = augmentationKinds().get(name);
    if (!kind || more.length > 0)
      throw new InvalidArgumentError(`Expected some of ${[...augmentationKinds().keys()].join(', ')}, as in flip,crop:2.`);
    if (name === 'flip' && given === 'alternate') return { name, alternate: true };
    const { option, with: options } = kind.shorthand;
    return { name, ...options, ...(given !== undefined && { [option]: number(given) }) };
  });
}

/** Flags that are called as the options that they give. */
const NAMESAKES = [
  'epochs',
  'batchSize',
  'accumulate',
  'maxMemory',
  'optimizer',
  'schedule',
  'weightDecay',
  'ema',
  'augment',
  'freeze',
  'freezeDepth',
  'freezeStatistics',
  'patience',
  'loss',
  'balanceClasses',
  'balanced',
  'rateFactors',
] as const satisfies readonly (keyof TrainingFlags)[];

/** Command-line flags as the options of the training techniques; what was not given is left to their defaults. */
export function trainingFlags(flags: TrainingFlags): Record<string, unknown> {
  const { lr: learningRate, smoothing: labelSmoothing, clip: clipNorm, sam: samRadius } = flags;
  const all = { ...Object.fromEntries(NAMESAKES.map((name) => [name, flags[name]])), learningRate, labelSmoothing, clipNorm, samRadius };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** Enough samples for two digits after the point. */
const MANY = 5000;

export function epochLines(history: readonly EpochRecord[], { scale }: Pick<AnyMetric, 'scale'>): string[] {
  return history.map(({ epoch, loss, accuracy, quality }) =>
    [
      `epoch ${String(epoch).padStart(3)}`,
      `loss ${loss.toFixed(4)}`,
      ...(accuracy === undefined ? [] : [`train ${(100 * accuracy).toFixed(2)}%`]),
      ...(quality === undefined ? [] : [`validation ${scale.format(quality, MANY)}`]),
    ].join('  '),
  );
}
