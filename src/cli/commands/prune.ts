import { InvalidArgumentError, Option } from 'commander';
import { OptionError } from '../../base/index.js';
import { MEASURES, type PruneOptions, prune, STRUCTURES, sparsify } from '../../compression/pruning/index.js';
import type { Model } from '../../onnx/index.js';
import { applyTechnique, type Technique } from '../../technique/index.js';
import type { AddCommand } from '../command.js';
import type { CommandContext } from '../context.js';
import { addDataOptions, type CommonOptions, type DataOptions } from '../options.js';
import { addShippingOptions, type ShippingOptions } from '../shipping/index.js';
import { positiveInteger, positiveNumber } from '../units.js';
import { keepForLatency } from './prune-latency.js';
import { writeCompressed } from './results.js';

interface Options extends CommonOptions, ShippingOptions, Omit<DataOptions, 'target'> {
  target: { kind: string; fraction: number };
  importance?: string;
  structure?: string[];
  pattern?: string;
  tuning?: string;
  rounds?: number;
  epochs?: number;
  lr?: number;
  out: string;
}

const ADVICE = 'Prune less (--target), tune longer (--epochs), or say with --max-drop how much may be lost.';

/** Structured pruning with tuning, or global sparsity. */
export const pruneCommand: AddCommand = (program, run) => {
  const command = addDataOptions(program.command('prune <model>'), { named: '--label' })
    .addOption(
      new Option(
        '--target <what>',
        'fraction to keep: macs=0.5, parameters=0.5, bytes=0.5, activations=0.5, latency=0.5 (as measured here); or sparsity=0.8 for zeros without shrinking',
      )
        .argParser(target)
        .default({ kind: 'macs', fraction: 0.5 }, 'macs=0.5'),
    )
    .addOption(
      new Option('--importance <measure>', 'what counts as mattering; with sparsity: magnitude, wanda or sparsegpt').choices([
        ...MEASURES,
        'wanda',
        'sparsegpt',
      ]),
    )
    .option(
      '--structure <what>',
      'what may go: channels, heads (of attentions), blocks (residual branches), with commas between',
      structures,
    )
    .addOption(new Option('--pattern <where>', 'with sparsity: where zeros may be').choices(['unstructured', '2:4']))
    .addOption(new Option('--tuning <how>', 'how quality is won back').choices(['distill', 'train', 'none']))
    .option('--rounds <number>', 'prune and tune in so many rounds', positiveInteger)
    .option('--epochs <number>', 'epochs of tuning altogether', positiveInteger)
    .option('--lr <rate>', 'learning rate of tuning', positiveNumber)
    .requiredOption('-o, --out <file>', 'where the pruned model goes');
  addShippingOptions(command)
    .addHelpText('after', '\nExample:\n  $ espalier prune model.onnx --data photos/ --target macs=0.5 -o small.onnx')
    .action(
      run(async (context, options: Options, path: string) => {
        const { runtime, activity, seed } = context;
        context.willWrite(options.out);
        const model = await context.model(path);
        const task = await context.task(model, { ...options, target: undefined });
        const { kind, fraction } = options.target;
        const technique: Technique = kind === 'sparsity' ? sparsify : prune;
        const { structure, pattern } = options;
        if (kind !== 'sparsity' && pattern !== undefined)
          throw new OptionError({ what: '--pattern is for zeros', fix: 'Give --target sparsity=0.5 as well, or leave it out.' });
        if (kind === 'sparsity' && structure !== undefined)
          throw new OptionError({ what: '--structure is for what goes as a whole', fix: 'Give another --target, or leave it out.' });
        const goal = kind === 'sparsity' ? { sparsity: fraction, pattern } : { ...(await goalOf(context, model, options)), structure };
        const given = {
          ...goal,
          importance: options.importance,
          tuning: options.tuning,
          rounds: options.rounds,
          epochs: options.epochs,
          learningRate: options.lr,
        };
        const chosen = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
        const { checkpoints, clear } = await context.checkpointsBeside(options.out);
        const common = { ...activity, model, task, runtime, seed, threads: options.threads, checkpoints };
        const result = await applyTechnique(technique, common, chosen);
        await writeCompressed(result, {
          context,
          task,
          model,
          path,
          out: options.out,
          options,
          mustGain: 'no larger',
          advice: ADVICE,
          clear,
        });
      }),
    );
};

/** The fraction to keep, and of what. A fraction of the latency becomes one of the multiply-accumulates. */
async function goalOf({ runtime, activity }: CommandContext, model: Model, { target: wanted, threads, structure }: Options) {
  if (wanted.kind !== 'latency') return { keep: wanted.fraction, target: wanted.kind };
  const { keep, ratio } = await keepForLatency(runtime, model, wanted.fraction, {
    threads,
    structure: structure as PruneOptions['structure'],
  });
  const text = `${Math.round(100 * keep)}% of the multiply-accumulates took ${ratio.toFixed(2)} of the time, measured beside the original.`;
  activity.onMessage?.({ level: Math.abs(ratio - wanted.fraction) > 0.1 ? 'warning' : 'info', text });
  return { keep, target: 'macs' };
}

function structures(text: string): string[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.every((part) => (STRUCTURES as readonly string[]).includes(part))) return parts;
  throw new InvalidArgumentError(`Expected some of ${STRUCTURES.join(', ')}.`);
}

function target(text: string): Options['target'] {
  const match = /^(macs|parameters|bytes|activations|latency|sparsity)=(0?\.\d+|0|1)$/.exec(text.trim());
  if (match) return { kind: match[1], fraction: Number(match[2]) };
  throw new InvalidArgumentError('Expected macs=0.5, parameters=0.5, bytes=0.5, activations=0.5, latency=0.5 or sparsity=0.8.');
}
