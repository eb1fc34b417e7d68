import { type Command, Option } from 'commander';
import { bytes, inputFile, list, positiveInteger, positiveNumber, seed } from './units.js';

/** What `--data` is where the samples come from `--input`. */
export const INPUT_FILES = '--input';

/** Options that every command has. */
export interface CommonOptions {
  json?: boolean;
  quiet?: boolean;
  verbose?: boolean;
  seed: number;
}

/** Options of commands that read data. */
export interface DataOptions {
  data: string;
  /** What the data is called where its path is another on this machine. */
  dataName?: string;
  input?: Record<string, string>;
  shape?: Record<string, number[]>;
  preprocess: string;
  label?: string;
  target?: string;
  columns?: string[];
  labels?: string;
  classes?: string[];
  unlabelled?: boolean;
  limit?: number;
  exif?: boolean;
  sampleRate?: number;
  seconds?: number;
  maxUnpacked?: number;
  scores?: string;
  fidelity?: boolean;
  task?: string;
  metric?: string;
  threads?: number;
}

export function addCommonOptions(command: Command): Command {
  return command
    .addOption(new Option('--json', 'print one JSON document on stdout'))
    .addOption(new Option('--quiet', 'print nothing but results and errors'))
    .addOption(new Option('--verbose', 'show the stack of an error'))
    .addOption(new Option('--seed <number>', 'draws everything that is drawn at random').argParser(seed).default(0));
}

/** What `--limit` says where it may be given more than once. */
export interface Limited {
  samples?: number;
  /** As they were written: "recall[person]>=0.9". */
  rules: readonly string[];
}

/** @param takesRules whether it may also be a limit of a metric. */
function limitOption(takesRules: boolean): Option {
  const samples = 'use at most this many samples, drawn evenly over the classes';
  if (!takesRules) return new Option('--limit <number>', samples).argParser(positiveInteger);
  return new Option(
    '--limit <number or rule>',
    `${samples}; or what every model must keep to, any number of times: "recall[person]>=0.9"`,
  ).argParser(
    (text: string, before: Limited = { rules: [] }): Limited =>
      /[<>=]/.test(text) ? { ...before, rules: [...before.rules, text] } : { ...before, samples: positiveInteger(text) },
  );
}

/**
 * @param given whether the command can do nothing without data (default true); what its threads are for; by which option alone the targets are named, where
 * --target means something else; whether --limit may also be a limit of a metric.
 */
export function addDataOptions(
  command: Command,
  given: { required?: boolean; threads?: string; named?: '--label'; limits?: boolean } = {},
): Command {
  const { required = true, threads = 'threads inside an operator (default: all cores)', named, limits = false } = given;
  const what =
    'what is to be predicted: columns of a table or of metadata, by name or number, separated by commas; or a pattern of file names, as "{label}_*"';
  if (!named) command.option('--target <columns>', what);
  const data = new Option(
    '--data <path>',
    'a folder of class folders of images, sounds or texts, .tar, MNIST IDX folder, a table (.csv, .jsonl, .parquet), .npy, .npz, or digits or iris; synthetic makes samples up',
  );
  return command
    .addOption(data.makeOptionMandatory(required))
    .addOption(
      new Option(
        '--input <name=file>',
        "samples from a .npy, .npz or .pb file for each of the model's inputs, instead of --data; may be repeated",
      )
        .argParser(inputFile)
        .implies({ data: INPUT_FILES }),
    )
    .option('--preprocess <name>', 'how samples become inputs: auto, 0-1, +-1, 0-255, imagenet, caffe, dataset, raw', 'auto')
    .option('--label <columns>', named ? what : 'the same as --target')
    .option('--columns <names>', 'columns of a table that are features (default: all that are not targets)', list)
    .option(
      '--labels <file>',
      "COCO's JSON with the images' boxes (default: annotations.json, _annotations.coco.json or instances.json beside them)",
    )
    .option('--classes <names>', "class names in the order of the model's scores, separated by commas (default: sorted)", list)
    .option('--sample-rate <Hz>', "bring sounds to this rate (default: the model's, else that of the first file)", positiveInteger)
    .option('--seconds <number>', 'bring sounds to this length (default: the longest, at most 10)', positiveNumber)
    .option('--unlabelled', 'read no labels: quality is then fidelity')
    .option('--no-exif', 'leave photos as they are stored, whatever their EXIF orientation says')
    .addOption(limitOption(limits))
    .option('--max-unpacked <size>', 'most that a packed file may unpack to, e.g. 32GB (default: 100 times its size, within bounds)', bytes)
    .option('--scores <output>', 'the model output that counts; without labels: that it holds class scores')
    .option(
      '--task <kind>',
      'what the model is for: classification, multi-label, regression, fidelity, ... (default: found from model and data)',
    )
    .option('--metric <name>', 'what models are compared by, e.g. f1, auc, rmse, recall[person] (default: the first of the task)')
    .option('--fidelity', "score by agreement with the original model's outputs instead of by labels")
    .option('--threads <number>', threads, positiveInteger);
}
