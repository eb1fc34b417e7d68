import { Option } from 'commander';
import { formatBytes, OptionError } from '../../base/index.js';
import { languages } from '../../infrastructure/targets/index.js';
import { programTotals } from '../../report/info/index.js';
import type { AddCommand } from '../command.js';
import type { Checked } from '../compiling/check.js';
import { compileFile } from '../compiling/compile.js';
import { patchesOption } from '../compiling/options.js';
import { tunedText } from '../compiling/tune.js';
import type { CommonOptions } from '../options.js';
import { bytes, milliseconds, shapes } from '../units.js';

interface Options extends CommonOptions {
  target: keyof typeof languages;
  out: string;
  name?: string;
  shape?: Record<string, number[]>;
  small?: boolean;
  patches?: boolean | number;
  check: boolean;
  force?: boolean;
  maxRam?: number;
  maxFlash?: number;
  tune?: boolean;
  tuneBudget?: number;
  tuned?: string;
}

/** Milliseconds to measure for. */
const BUDGET = 120_000;

/** A model as source or a module that needs no runtime. */
export const compileCommand: AddCommand = (program, run) => {
  program
    .command('compile <model>')
    .addOption(new Option('--target <language>', 'what to make of it').choices(Object.keys(languages)).default('c'))
    .option('-o, --out <folder>', 'where the files go', 'compiled')
    .option('--name <name>', "begin of the files' and functions' names (default: the model's file name)")
    .option('--shape <shapes>', 'shapes of inputs, e.g. "input=1x3x224x224;mask=1x8" (default: as declared, 1 for an open batch)', shapes)
    .option('--max-ram <bytes>', 'most memory that it may need, inputs and outputs included, e.g. 64KB', bytes)
    .option('--max-flash <bytes>', 'most bytes of code and constants, e.g. 256KB', bytes)
    .option('--small', 'C: less code on processors without vectors, and up to a fifth more time there')
    .option(...patchesOption)
    .option('--no-check', 'do not run what was made beside the model')
    .option('--force', 'write the files even where they answer differently from the model')
    .option('--tune', 'measure on this machine how each kernel is fastest, and compute it so; what is known already is not measured again')
    .option('--tune-budget <time>', 'how long to measure, about: 90s, 10m (default: 2m)', milliseconds)
    .option('--tuned <file>', 'table of what was measured (default: in the cache folder); without --tune nothing is measured')
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  $ espalier compile model.onnx -o firmware/          firmware/model.c and model.h: C99, no malloc, <math.h>, <stdint.h>',
        '  $ espalier compile model.onnx --target wasm -o page/    page/model.wasm, model.js and model.d.ts',
        '  $ espalier compile model.onnx --tune -o fast/       by what is fastest on this machine: kept for later, answers are the same',
        '  $ espalier compile model.onnx --target wasm --tune --tune-budget 5m --tuned schedules.json -o page/    with a table of your own',
        '  $ espalier compile model.onnx --tuned schedules.json -o fast/    by a table, measuring nothing',
        '  $ espalier plan model.onnx                          flash and memory first',
      ].join('\n'),
    )
    .action(
      run(async (context, { shape, tune = false, tuneBudget, tuned: file, ...options }: Options, path: string) => {
        if (tuneBudget !== undefined && !tune)
          throw new OptionError({ what: '--tune-budget is for measuring', fix: 'Give --tune as well, or leave it out.' });
        const tuning = tune || file !== undefined ? { measures: tune, budget: tuneBudget ?? BUDGET, file } : undefined;
        const { files, summary, flash, ram, checked, tuned, usage } = await compileFile(context, path, {
          ...options,
          shapes: shape,
          tuning,
        });
        const lines = [
          ...files.map((each) => `Wrote ${each.path} (${formatBytes(each.bytes)})`),
          ...programTotals(summary).map(([label, text]) => `  ${label.padEnd(17)}${text}`),
          `  ${'in all'.padEnd(17)}${formatBytes(flash)} (${languages[options.target].counted}), ${formatBytes(ram)} (RAM with inputs and outputs)`,
          ...(tuned ? [`  ${'tuned'.padEnd(17)}${tunedText(tuned)}`] : []),
          ...(checked ? [checkedText(checked)] : []),
          '',
          ...usage,
        ];
        const { kernels: _, memory: __, ...totals } = summary;
        const { tilings: ___, ...tuneFacts } = tuned ?? {};
        const document = {
          model: path,
          target: options.target,
          files: files.map((each) => each.path),
          ...totals,
          flash,
          ram,
          ...(tuned && { tune: tuneFacts }),
          ...(checked && { check: checked }),
        };
        context.output.result(document, lines.join('\n'));
      }),
    );
};

function checkedText({ status, detail, difference, how, milliseconds, reference }: Checked): string {
  const time =
    milliseconds === undefined
      ? ''
      : ` ${milliseconds.toPrecision(3)} ms a run; ONNX Runtime with one thread: ${reference?.toPrecision(3)} ms.`;
  if (status === 'agrees') {
    const off = difference
      ? `, off by ${difference.toPrecision(2)} of the largest magnitude at most${detail ? `, ${detail}` : ''}`
      : ', equal to the last bit';
    return `  checked          ${how}: agrees with ONNX Runtime${off}.${time}`;
  }
  return `  checked          ${status === 'not checked' ? `not run: ${detail}` : `${how}: ${detail}`}`;
}
