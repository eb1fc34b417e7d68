import { Option } from 'commander';
import { thinned } from '../../data/index.js';
import { evaluate } from '../../training/index.js';
import type { AddCommand } from '../command.js';
import { addDataOptions, type CommonOptions, type DataOptions } from '../options.js';
import { describeQuality } from '../quality.js';

interface Options extends CommonOptions, DataOptions {
  split: 'train' | 'calibration' | 'validation' | 'test';
  reference?: string;
}

/** Quality of a model on data. */
export const evalCommand: AddCommand = (program, run) => {
  addDataOptions(program.command('eval <model>'))
    .addOption(
      new Option('--split <part>', 'which part of the data').choices(['train', 'calibration', 'validation', 'test']).default('test'),
    )
    .option('--reference <model>', 'the model whose outputs are the truth, whatever the data says')
    .addHelpText('after', '\nExample:\n  $ espalier eval model.onnx --data photos/ --json')
    .action(
      run(async (context, options: Options, path: string) => {
        const { output, activity, runtime } = context;
        const model = await context.model(path);
        const reference = options.reference === undefined ? undefined : await context.model(options.reference);
        const wanted = { ...options, limit: undefined, fidelity: options.fidelity || reference !== undefined };
        const task = await context.task(model, wanted, { reference });
        const { split, limit, threads } = options;
        const part = limit === undefined ? task.splits[split] : thinned(task.splits[split], limit, context.seed);
        const judged = { ...task, splits: { ...task.splits, [split]: part } };
        const quality = await evaluate(model, judged, runtime, { ...activity, split, threads });
        await context.warnOf(quality, task);
        const { kind, parts } = task;
        const about = { model: path, split, task: kind, preprocess: task.feeds, classes: parts.length > 0 ? parts : undefined };
        output.result({ ...about, ...quality }, describeQuality(quality, task));
      }),
    );
};
