import { Option } from 'commander';
import { OptionError } from '../../base/index.js';
import { type CalibrationMethod, looksAtData, quantize, quantizeAwareTrain, ROUNDINGS } from '../../compression/quantization/index.js';
import type { Model } from '../../onnx/index.js';
import { applyTechnique, type Technique } from '../../technique/index.js';
import type { Task } from '../../training/index.js';
import type { AddCommand } from '../command.js';
import type { CommandContext } from '../context.js';
import { requireShapes } from '../input-shapes.js';
import { addDataOptions, type CommonOptions, type DataOptions } from '../options.js';
import {
  addInventedOptions,
  addShippingOptions,
  floatForTime,
  type InventedOptions,
  type ShippingOptions,
  slowInIntegers,
} from '../shipping/index.js';
import { bytes, latency, list, number, positiveInteger, positiveNumber } from '../units.js';
import { writeCompressed } from './results.js';

interface Options extends CommonOptions, ShippingOptions, InventedOptions, Partial<DataOptions> {
  dynamic?: boolean;
  weights?: true | 'int8' | 'fp16' | 'int4' | 'int2' | 'ternary';
  method?: string;
  steps?: number;
  blockSize?: number;
  budget?: number;
  aware?: boolean;
  calibration?: CalibrationMethod;
  maxLatency?: number;
  tolerance?: number;
  samples?: number;
  epochs?: number;
  lr?: number;
  equalize?: string;
  smooth?: string;
  correctBias?: string;
  exclude?: string[];
  out: string;
}

const ADVICE_INTEGERS = 'Try --weights, or --weights fp16, which changes least, or leave layers in float with --exclude.';
/** What to try where a bound is broken, by what was asked for: what changes less. */
const ADVICE: Readonly<Record<'static' | 'dynamic' | 'weights' | 'half' | 'few', string>> = {
  static: ADVICE_INTEGERS,
  dynamic: ADVICE_INTEGERS,
  weights: 'Try --weights fp16, which changes least, or leave layers in float with --exclude.',
  half: 'Leave layers in float with --exclude.',
  few: 'Try more bits (--weights int8, or fp16, which changes least), or leave layers in float with --exclude.',
};
/** When a repair is made: where it is found to help, always, or never. */
const WHEN = ['auto', 'always', 'never'];

/** Int8 quantization after or during training. */
export const quantizeCommand: AddCommand = (program, run) => {
  const command = addDataOptions(program.command('quantize <model>'), { required: false })
    .addOption(new Option('--dynamic', 'activations are quantized as they come: needs no data').conflicts(['weights', 'aware']))
    .addOption(
      new Option(
        '--weights [type]',
        'only the weights are stored, as int8 (default), fp16, or in blocks of 4 or 2 bits: needs no data; ternary with --aware',
      ).choices(['int8', 'fp16', 'int4', 'int2', 'ternary']),
    )
    .addOption(
      new Option(
        '--method <method>',
        'with --weights int4 or int2: how they are rounded (default: gptq with data, else hqq); adaround for 8 bits, too',
      ).choices(ROUNDINGS),
    )
    .option('--steps <number>', 'with --method adaround: steps of learning for each block of the model (default: 1000)', positiveInteger)
    .option('--block-size <number>', 'with --weights int4 or int2: neighbours that share a scale (default: 32)', positiveInteger)
    .option('--budget <size>', 'with --weights: size of the file, e.g. 100KB; each layer gets 4 or 8 bits, with int2 2 to 8', bytes)
    .addOption(new Option('--aware', 'train the quantized graph (quantization-aware training)').conflicts('tolerance'))
    .addOption(
      new Option(
        '--max-latency <time>',
        'longest time of a run, e.g. 5ms: of the layers, so many stay in float that the model keeps it and loses least',
      )
        .argParser(latency)
        .conflicts(['dynamic', 'weights', 'aware', 'tolerance', 'requireFaster', 'time']),
    )
    .addOption(new Option('--calibration <method>', 'how ranges are chosen').choices(['min-max', 'percentile', 'entropy', 'mse']))
    .option('--tolerance <loss>', 'largest loss of quality before layers are left in float, e.g. 0.003', number)
    .option('--samples <number>', 'calibration samples', positiveInteger)
    .addOption(new Option('--equalize <when>', 'move scales between layers').choices(WHEN))
    .addOption(
      new Option('--smooth <when>', 'move scales of activations with outlier channels into the layers that read them').choices(WHEN),
    )
    .addOption(new Option('--correct-bias <when>', 'let biases take back what rounding shifts').choices(WHEN).conflicts('aware'))
    .option('--exclude <names>', 'nodes to leave in float, separated by commas', list)
    .option('--epochs <number>', 'with --aware: passes over the training part', positiveInteger)
    .option('--lr <rate>', 'with --aware: learning rate', positiveNumber)
    .requiredOption('-o, --out <file>', 'where the quantized model goes');
  addInventedOptions(addShippingOptions(command))
    .addHelpText(
      'after',
      '\nExamples:\n  $ espalier quantize model.onnx --data photos/ -o int8.onnx\n  $ espalier quantize model.onnx --dynamic -o int8.onnx\n  $ espalier quantize model.onnx --data photos/ --require-faster -o int8.onnx\n  $ espalier quantize model.onnx --data photos/ --max-latency 5ms -o int8.onnx\n  $ espalier quantize model.onnx --weights int4 -o int4.onnx',
    )
    .action(
      run(async (context, options: Options, path: string) => {
        const { runtime, activity, seed } = context;
        const mode = options.dynamic ? 'dynamic' : options.weights === 'fp16' ? 'half' : options.weights ? 'weights' : 'static';
        if (mode === 'static' && options.data === undefined) {
          const what = options.aware ? 'Training needs data' : 'Static quantization needs data to calibrate with';
          throw new OptionError({ what, fix: 'Give --data, or use --dynamic, --weights or --data synthetic.' });
        }
        if (!options.aware && (options.epochs ?? options.lr) !== undefined)
          throw new OptionError({ what: '--epochs and --lr are for training', fix: 'Give --aware as well, or leave them out.' });
        const weightType = weightTypeOf(options);
        if (options.method && looksAtData(options.method) && options.data === undefined)
          throw new OptionError({ what: `Rounding by ${options.method} looks at data`, fix: 'Give --data, or use --method hqq.' });
        context.willWrite(options.out);
        const model = await context.model(path);
        requireShapes(model, options.shape);
        const task = options.data === undefined ? undefined : await context.task(model, options as DataOptions, { calibrates: true });
        const { equalize, smooth, correctBias, method, steps, blockSize, budget } = options;
        const exclude = await leftInFloat({ context, model, task, mode, options });
        // Nobody sees how sensitive layers are where nothing is left in float.
        const wanted = options.aware
          ? {
              ...(weightType && { weightType, activationType: 'float32' }),
              blockSize,
              calibration: options.calibration,
              samples: options.samples,
              exclude,
              equalize,
              smooth,
              epochs: options.epochs,
              learningRate: options.lr,
            }
          : {
              mode,
              weightType,
              method,
              steps,
              blockSize,
              budget,
              calibration: options.calibration,
              tolerance: toleranceOf(options, weightType),
              samples: options.samples,
              sensitivity: false,
              exclude,
              equalize,
              smooth,
              correctBias,
            };
        const technique: Technique = options.aware ? quantizeAwareTrain : quantize;
        const chosen = defined(wanted);
        const kept = options.aware ? await context.checkpointsBeside(options.out) : undefined;
        const common = { ...activity, model, task, runtime, seed, threads: options.threads, checkpoints: kept?.checkpoints };
        const result = await applyTechnique(technique, common, chosen);
        const { out } = options;
        await writeCompressed(result, {
          context,
          task,
          model,
          path,
          out,
          options,
          mustGain: 'smaller',
          maxLatency: options.maxLatency,
          advice: ADVICE[weightType ? 'few' : mode],
          clear: kept?.clear,
        });
      }),
    );
};

interface Chosen {
  context: CommandContext;
  model: Model;
  task?: Task;
  mode: 'static' | 'dynamic' | 'weights' | 'half';
  options: Options;
}

/** Nodes that are not to be quantized: those that were named, and those that the wanted time leaves in float. */
async function leftInFloat({ context, model, task, mode, options }: Chosen): Promise<readonly string[] | undefined> {
  const { maxLatency, requireFaster, aware, exclude, calibration, samples, threads, equalize, smooth } = options;
  if (maxLatency !== undefined && task) {
    const given = { calibration, samples, exclude, equalize: equalize === 'always', smooth: smooth === 'always' };
    const float = await floatForTime({ context, model, task, budget: maxLatency, threads, options: defined(given) });
    return [...(exclude ?? []), ...float];
  }
  if (!requireFaster || aware || mode === 'half') return exclude;
  const slow = await slowInIntegers({ context, model, task, mode, options });
  return slow.length > 0 ? [...(exclude ?? []), ...slow] : exclude;
}

/** Bits and layers are chosen by what the model may lose in the end, where not by the time that it may take. */
function toleranceOf({ tolerance, maxDrop, maxLatency }: Options, weightType: string | undefined): number | undefined {
  if (maxLatency !== undefined) return Number.MAX_VALUE;
  return tolerance ?? (weightType && maxDrop !== undefined ? maxDrop / 100 : undefined);
}

function defined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

/** Fewer than 8 bits where that was asked for, or a size was. @throws OptionError for options of fewer bits beside others. */
function weightTypeOf({ weights, budget, method, steps, blockSize, aware, dynamic }: Options): 'int4' | 'int2' | 'ternary' | undefined {
  if (aware && (weights === true || weights === 'int8' || weights === 'fp16'))
    throw new OptionError({ what: 'Weights alone are trained in int4, int2 or ternary', fix: 'Give one of these, or --aware alone.' });
  if (weights === 'ternary' && !aware) throw new OptionError({ what: 'Ternary weights are trained', fix: 'Give --aware as well.' });
  if (steps !== undefined && method !== 'adaround')
    throw new OptionError({ what: '--steps is for --method adaround', fix: 'Give that as well, or leave it out; training has --epochs.' });
  if (aware && (budget ?? method) !== undefined)
    throw new OptionError({ what: '--budget and --method are for weights that are not trained', fix: 'Leave them or --aware out.' });
  if (weights === 'int4' || weights === 'int2' || weights === 'ternary') return weights;
  if (method !== undefined && dynamic)
    throw new OptionError({
      what: 'With --dynamic weights are rounded to the nearest',
      fix: 'Leave --method out, or --dynamic: --method adaround then learns how to round for static quantization, or with --weights.',
    });
  if (method !== undefined && (budget ?? blockSize) === undefined && weights !== 'fp16') {
    if (method === 'adaround') return undefined;
    throw new OptionError({
      what: 'Weights of 8 bits are rounded to the nearest, or as --method adaround learns',
      fix: 'Take --method adaround, give --weights int4 or --weights int2 as well, or leave --method out.',
    });
  }
  if (budget !== undefined && weights === true) return 'int4';
  if ((budget ?? method ?? blockSize) === undefined) return undefined;
  throw new OptionError({
    what: '--budget, --method and --block-size are for weights of fewer than 8 bits',
    fix: 'Give --weights int4 or --weights int2 as well, or leave them out.',
  });
}
