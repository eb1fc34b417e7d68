import { Option } from 'commander';
import { OptionError } from '../../base/index.js';
import { quantize, quantizeAwareTrain } from '../../compression/quantization/index.js';
import { applyTechnique, type Technique } from '../../technique/index.js';
import type { AddCommand } from '../command.js';
import { addDataOptions, type CommonOptions, type DataOptions } from '../options.js';
import { addInventedOptions, addShippingOptions, type InventedOptions, type ShippingOptions, slowInIntegers } from '../shipping/index.js';
import { list, number, positiveInteger, positiveNumber } from '../units.js';
import { writeCompressed } from './results.js';

interface Options extends CommonOptions, ShippingOptions, InventedOptions, Partial<DataOptions> {
  dynamic?: boolean;
  weights?: true | 'int8' | 'fp16';
  aware?: boolean;
  calibration?: string;
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

const ADVICE = 'Try --weights, which changes least, or leave layers in float with --exclude.';
/** When a repair is made: where it is found to help, always, or never. */
const WHEN = ['auto', 'always', 'never'];

/** Int8 quantization after or during training. */
export const quantizeCommand: AddCommand = (program, run) => {
  const command = addDataOptions(program.command('quantize <model>'), { required: false })
    .addOption(new Option('--dynamic', 'activations are quantized as they come: needs no data').conflicts(['weights', 'aware']))
    .addOption(
      new Option('--weights [type]', 'only the weights are stored as int8 (default) or fp16: needs no data')
        .choices(['int8', 'fp16'])
        .conflicts('aware'),
    )
    .addOption(new Option('--aware', 'train the quantized graph (quantization-aware training)').conflicts('tolerance'))
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
      '\nExamples:\n  $ espalier quantize model.onnx --data photos/ -o int8.onnx\n  $ espalier quantize model.onnx --dynamic -o int8.onnx\n  $ espalier quantize model.onnx --data photos/ --require-faster -o int8.onnx',
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
        context.willWrite(options.out);
        const model = await context.model(path);
        const task = options.data === undefined ? undefined : await context.task(model, options as DataOptions);
        const { equalize, smooth, correctBias } = options;
        const timed = options.requireFaster && !options.aware && mode !== 'half';
        const slow = timed ? await slowInIntegers({ context, model, task, mode, options }) : [];
        const exclude = slow.length > 0 ? [...(options.exclude ?? []), ...slow] : options.exclude;
        // Nobody sees how sensitive layers are where nothing is left in float.
        const given = options.aware
          ? {
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
              calibration: options.calibration,
              tolerance: options.tolerance,
              samples: options.samples,
              sensitivity: false,
              exclude,
              equalize,
              smooth,
              correctBias,
            };
        const technique: Technique = options.aware ? quantizeAwareTrain : quantize;
        const chosen = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
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
          advice: ADVICE,
          clear: kept?.clear,
        });
      }),
    );
};
