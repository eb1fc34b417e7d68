import { Option } from 'commander';
import { writeFileAtomic } from '../../base/node/index.js';
import { diff } from '../../diagnosis/index.js';
import { diffHtml, diffText } from '../../report/render/index.js';
import type { AddCommand } from '../command.js';
import { addDataOptions, type CommonOptions, type DataOptions } from '../options.js';
import { positiveInteger } from '../units.js';

interface Options extends CommonOptions, DataOptions {
  split: 'train' | 'calibration' | 'validation' | 'test';
  html?: string;
  most: number;
}

/** What two models answer differently, and why. */
export const diffCommand: AddCommand = (program, run) => {
  addDataOptions(program.command('diff <before> <after>'))
    .addOption(
      new Option('--split <part>', 'which part of the data').choices(['train', 'calibration', 'validation', 'test']).default('test'),
    )
    .option('--most <number>', 'samples that are shown', positiveInteger, 20)
    .option('--html <file>', 'write a page as well, with pictures of the samples')
    .addHelpText(
      'after',
      '\nExamples:\n  $ espalier diff model.onnx int8.onnx --data photos/\n  $ espalier diff model.onnx int8.onnx --data photos/ --html diff.html',
    )
    .action(
      run(async (context, options: Options, before: string, after: string) => {
        const { output, activity, runtime } = context;
        if (options.html) context.willWrite(options.html);
        const [first, second] = [await context.model(before), await context.model(after)];
        const task = await context.task(first, options);
        const info = await diff({
          ...activity,
          before: { name: before, model: first },
          after: { name: after, model: second },
          task,
          runtime,
          split: options.split,
          most: options.most,
          threads: options.threads,
        });
        if (options.html) {
          await writeFileAtomic(options.html, diffHtml(info));
          output.info(`Wrote ${options.html}`);
        }
        output.result(info, diffText(info, { width: output.width, color: output.color }));
      }),
    );
};
