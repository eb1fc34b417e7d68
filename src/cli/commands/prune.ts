import { InvalidArgumentError, Option } from 'commander';
import { prune, sparsify } from '../../compression/pruning/index.js';
import { applyTechnique, type Technique } from '../../technique/index.js';
import type { AddCommand } from '../main.js';
import { addDataOptions, type CommonOptions, type DataOptions } from '../options.js';
import { addShippingOptions, type ShippingOptions } from '../shipping/index.js';
import { positiveInteger, positiveNumber } from '../units.js';
import { writeCompressed } from './results.js';

interface Options extends CommonOptions, ShippingOptions, Omit<DataOptions, 'target'> {
  target: { kind: string; fraction: number };
  importance?: string;
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
      new Option('--target <what>', 'fraction to keep: macs=0.5, parameters=0.5, bytes=0.5; or sparsity=0.8 for zeros without shrinking')
        .argParser(target)
        .default({ kind: 'macs', fraction: 0.5 }, 'macs=0.5'),
    )
    .addOption(new Option('--importance <measure>', 'what counts as mattering').choices(['magnitude', 'taylor']))
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
        const goal = kind === 'sparsity' ? { sparsity: fraction } : { keep: fraction, target: kind };
        const given = {
          ...goal,
          importance: kind === 'sparsity' ? undefined : options.importance,
          tuning: options.tuning,
          rounds: options.rounds,
          epochs: options.epochs,
          learningRate: options.lr,
        };
        const chosen = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
        const { checkpoints, clear } = await context.checkpointsBeside(options.out);
        const common = { ...activity, model, task, runtime, seed, threads: options.threads, checkpoints };
        const result = await applyTechnique(technique, common, chosen);
        await writeCompressed(result, { context, task, model, path, out: options.out, options, advice: ADVICE, clear });
      }),
    );
};

function target(text: string): Options['target'] {
  const match = /^(macs|parameters|bytes|sparsity)=(0?\.\d+|0|1)$/.exec(text.trim());
  if (match) return { kind: match[1], fraction: Number(match[2]) };
  throw new InvalidArgumentError('Expected macs=0.5, parameters=0.5, bytes=0.5 or sparsity=0.8.');
}
