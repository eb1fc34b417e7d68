import { Option } from 'commander';
import { writeFileAtomic } from '../../base/node/index.js';
import { languages } from '../../infrastructure/targets/index.js';
import { memorySvg, programHtml, programTable } from '../../report/render/index.js';
import type { AddCommand } from '../command.js';
import { lowerFile } from '../compiling/lower.js';
import { patchesOption } from '../compiling/options.js';
import type { CommonOptions } from '../options.js';
import { shapes } from '../units.js';

interface Options extends CommonOptions {
  html?: string;
  svg?: string;
  target: keyof typeof languages;
  shape?: Record<string, number[]>;
  patches?: boolean | number;
}

/** Flash and memory of a compiled model by kernel, before anything is written. */
export const planCommand: AddCommand = (program, run) => {
  program
    .command('plan <model>')
    .addOption(new Option('--target <language>', 'what it is compiled to').choices(Object.keys(languages)).default('c'))
    .option('--html <file>', 'write a page with a picture of the memory')
    .option('--svg <file>', 'write the picture alone')
    .option('--shape <shapes>', 'shapes of inputs, e.g. "input=1x3x224x224;mask=1x8" (default: as declared, 1 for an open batch)', shapes)
    .option(...patchesOption)
    .addHelpText(
      'after',
      '\nExamples:\n  $ espalier plan model.onnx\n  $ espalier plan model.onnx --shape input=1x1x28x28 --html plan.html',
    )
    .action(
      run(async (context, { html, svg, shape, target, patches }: Options, path: string) => {
        const { output } = context;
        for (const file of [html, svg]) if (file) context.willWrite(file);
        const { summary } = await lowerFile(context, path, { shapes: shape, schedule: languages[target].schedule, patches });
        if (html) await writeFileAtomic(html, programHtml(summary, path));
        if (svg) await writeFileAtomic(svg, memorySvg(summary));
        for (const file of [html, svg]) if (file) output.info(`Wrote ${file}`);
        output.result({ model: path, ...summary }, programTable(summary, { name: path, width: output.width, color: output.color }));
      }),
    );
};
