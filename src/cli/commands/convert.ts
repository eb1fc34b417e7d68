import { Option } from 'commander';
import { formatBytes, GraphError, OptionError } from '../../base/index.js';
import { isTfliteName, loadModel, modelBytes } from '../../formats/node/index.js';
import { requireSound } from '../../infrastructure/compiler/index.js';
import { copyModel, type Model } from '../../onnx/index.js';
import { inferShapes } from '../../ops/index.js';
import type { AddCommand } from '../command.js';
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

/** A copy whose inputs have these shapes; dimensions of one name have one size. @throws OptionError for inputs that there are not, or shapes that do not fit. */
function withShapes(source: Model, shapes: Readonly<Record<string, readonly number[]>>): Model {
  const model = copyModel(source);
  for (const [name, shape] of Object.entries(shapes)) {
    const input = model.graph.feeds.find((each) => each.name === name);
    const names = model.graph.feeds.map((each) => each.name).join(', ');
    if (!input) throw new OptionError({ what: `The model has no input "${name}"`, where: '--shape', expected: `one of ${names}` });
    const fits =
      input.shape === undefined ||
      (input.shape.length === shape.length && input.shape.every((dim, axis) => typeof dim !== 'number' || dim === shape[axis]));
    if (!fits)
      throw new OptionError({
        what: `The shape does not fit input "${name}"`,
        where: '--shape',
        expected: `[${input.shape}]`,
        got: `[${shape}]`,
      });
  }
  try {
    inferShapes(model, { inputShapes: shapes });
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    throw new OptionError(
      { what: `The model does not take these shapes: ${error.what}`, where: `--shape, ${error.where}` },
      { cause: error },
    );
  }
  return model;
}
