import { Option } from 'commander';
import { formatBytes, OptionError } from '../../base/index.js';
import { isTfliteName, loadModel, modelBytes } from '../../formats/node/index.js';
import { requireSound } from '../../infrastructure/compiler/index.js';
import type { AddCommand } from '../command.js';
import { withShapes } from '../input-shapes.js';
import type { CommonOptions } from '../options.js';
import { shipConverted } from '../shipping/index.js';
import { shapes as shapesOf } from '../units.js';

interface Options extends CommonOptions {
  out: string;
  layout: 'as-is' | 'channels-last';
  shape?: Record<string, number[]>;
  force?: boolean;
}

const EXAMPLES = `
Examples:
  $ espalier convert model.onnx -o model.tflite
  $ espalier convert int8.onnx --layout channels-last -o int8.tflite
  $ espalier convert model.tflite -o model.onnx
  $ espalier convert model.onnx --shape input=1x3x224x224 -o model.tflite`;

/** A model in another format: ONNX to TensorFlow Lite and back. */
export const convertCommand: AddCommand = (program, run) => {
  program
    .command('convert <model>')
    .requiredOption('-o, --out <file>', 'where it goes: .tflite for TensorFlow Lite, else ONNX')
    .addOption(
      new Option('--layout <how>', 'for .tflite: inputs and outputs with their axes as in the model, or with channels last')
        .choices(['as-is', 'channels-last'])
        .default('as-is'),
    )
    .option('--shape <shapes>', 'fix the shapes of inputs, e.g. "input=1x3x224x224;mask=1x8"', shapesOf)
    .option('--force', 'write the file even where it answers differently from the model')
    .addHelpText('after', EXAMPLES)
    .action(
      run(async (context, { out, layout, shape, force }: Options, path: string) => {
        const { output } = context;
        if (layout !== 'as-is' && !isTfliteName(out))
          throw new OptionError({
            what: '--layout is for files of TensorFlow Lite',
            got: `--out ${out}`,
            fix: 'Name a .tflite file, or leave it out.',
          });
        context.willWrite(out);
        const given = loadModel(path);
        requireSound(given);
        const before = modelBytes(path);
        const { bytes, faults } = await shipConverted({ context, model: shape ? withShapes(given, shape) : given, out, layout, force });
        const checked = !isTfliteName(out)
          ? []
          : faults.length > 0
            ? faults
            : ['Read back, it gives the same answers as the model on made-up inputs.'];
        output.result(
          { model: path, out, bytes: { before, after: bytes }, faults },
          [...checked, `Wrote ${out} (${formatBytes(before)} -> ${formatBytes(bytes)})`].join('\n'),
        );
      }),
    );
};
