import { DataError, EspalierError, Stopped } from '../../base/index.js';
import type { NamedAnswer, Prediction, Predictor } from '../../modalities/index.js';
import type { AddCommand } from '../command.js';
import type { CommandContext } from '../context.js';
import type { CommonOptions } from '../options.js';
import { bytes, list, positiveInteger } from '../units.js';

interface Options extends CommonOptions {
  top: number;
  columns?: string[];
  exif?: boolean;
  maxUnpacked?: number;
  threads?: number;
}

/** The answers to a file, or to the samples of a folder or table. */
interface Answered {
  file: string;
  /** With the path of its own file in the folder, where each sample has one. */
  samples: (Prediction & { file?: string })[];
}

/** A file among several that could not be answered. */
interface Refused {
  file: string;
  error: { name: string; message: string };
}

/** Named answers to raw files. */
export const predictCommand: AddCommand = (program, run) => {
  program
    .command('predict <model> <files...>')
    .option('--top <number>', 'answers for each sample', positiveInteger, 3)
    .option('--columns <names>', 'columns of a table that are features (default: all)', list)
    .option('--no-exif', 'leave photos as they are stored, whatever their EXIF orientation says')
    .option('--max-unpacked <size>', 'most that a packed file may unpack to, e.g. 32GB', bytes)
    .option('--threads <number>', 'threads inside an operator (default: all cores)', positiveInteger)
    .addHelpText(
      'after',
      '\nExamples:\n  $ espalier predict model.onnx photo.jpg\n  $ espalier predict model.onnx holiday/ --json\n  $ espalier predict prices.onnx flats.csv --columns area,rooms,year,district',
    )
    .action(
      run(async (context, options: Options, path: string, files: string[]) => {
        const { output, runtime, activity } = context;
        const { isTfliteFile, loadModel, withRealEdges } = await import('../../formats/node/index.js');
        const { inferShapes } = await import('../../ops/index.js');
        const { predictor } = await import('../../modalities/index.js');
        const model = isTfliteFile(path) ? withRealEdges(loadModel(path)) : loadModel(path);
        inferShapes(model);
        const made = await predictor(model, runtime, { threads: options.threads, signal: activity.signal });
        context.defer(() => made.dispose());
        const found: Answered[] = [];
        const failed: Refused[] = [];
        for (const file of files) {
          try {
            found.push({ file, samples: await answersTo(file, made, options, context) });
          } catch (error) {
            // One file among several does not keep the others from being answered.
            if (files.length === 1 || !(error instanceof EspalierError) || error instanceof Stopped) throw error;
            output.error(error.message);
            failed.push({ file, error: { name: error.name, message: error.message } });
          }
        }
        const document = { model: path, task: made.title, files: found, ...(failed.length > 0 && { failed }) };
        if (found.length > 0 || output.isJson) output.result(document, found.map((each) => text(each, options.top)).join('\n'));
        if (failed.length > 0) throw new DataError({ what: `${failed.length} of ${files.length} files could not be answered` });
      }),
    );
};

async function answersTo(
  file: string,
  { predictAll, inputs }: Predictor,
  options: Options,
  context: CommandContext,
): Promise<Answered['samples']> {
  const { openSamples } = await import('../../modalities/node/index.js');
  const [spec] = inputs;
  const source = await openSamples(
    file,
    {
      orient: options.exif,
      maxUnpacked: options.maxUnpacked,
      columns: options.columns,
      order: spec.columns?.map(({ name }) => name) ?? spec.names,
      categories: Object.fromEntries((spec.columns ?? []).flatMap(({ name, categories }) => (categories ? [[name, categories]] : []))),
    },
    context.activity,
  );
  context.defer(() => source.close());
  const { train } = source;
  const found: Answered['samples'] = [];
  for await (const prediction of predictAll(train, context.activity))
    found.push({ ...(train.files && { file: train.files[found.length] }), ...prediction });
  return found;
}

function text({ file, samples }: Answered, top: number): string {
  const line = ({ answers }: Prediction) => answers.slice(0, top).map(answerText).join(', ') || 'no named answer';
  if (samples.length === 1) return `${file}: ${line(samples[0])}`;
  const names = samples.map((sample, i) => sample.file ?? String(i).padStart(4));
  const width = names.reduce((most, name) => Math.max(most, name.length), 0);
  return [`${file}:`, ...samples.map((sample, i) => `  ${names[i].padEnd(width)}  ${line(sample)}`)].join('\n');
}

function answerText({ name, value, isShare, box }: NamedAnswer): string {
  // Scores of labels may be logits: those are no shares of anything.
  const number = isShare && value >= 0 && value <= 1 ? `${(100 * value).toFixed(1)}%` : String(Number(value.toPrecision(5)));
  return `${name} ${number}${box ? ` at ${box.map((each) => Math.round(each)).join(', ')}` : ''}`;
}
