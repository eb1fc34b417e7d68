import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { type Activity, EspalierError, OptionError, Stopped } from '../base/index.js';
import type { DataSource, Preprocess } from '../data/index.js';
import { fixedBatch, freeBatch, requireSound } from '../infrastructure/compiler/index.js';
import type { Runtime } from '../infrastructure/runtime/index.js';
import { createNodeRuntime } from '../infrastructure/runtime/node/index.js';
import { createTask } from '../modalities/index.js';
import { openDataset, openModel } from '../modalities/node/index.js';
import { type Dim, type Model, staticShape } from '../onnx/index.js';
import { inferShapes } from '../ops/index.js';
import { checkpointFolder } from '../strategies/node/index.js';
import type { CheckpointStore } from '../technique/index.js';
import { concerns, type Quality, type Task, taskNames } from '../training/index.js';
import { checkWritable } from './checks.js';

import { Output } from './output.js';
import { notedCategories, notedPreprocess, notedSampleRate, notePreprocess } from './preprocess.js';
import { list, positiveInteger, positiveNumber, seed } from './units.js';

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
  preprocess: string;
  label?: string;
  target?: string;
  columns?: string[];
  classes?: string[];
  unlabelled?: boolean;
  limit?: number;
  sampleRate?: number;
  seconds?: number;
  scores?: string;
  fidelity?: boolean;
  task?: string;
  metric?: string;
  threads?: number;
}

/** What a command works with; it is torn down when the command ends. */
export class CommandContext {
  readonly output: Output;
  readonly seed: number;
  /** Where unfinished work is kept, for commands that can go on with it. */
  kept?: string;
  readonly #controller: AbortController;
  readonly #closers: (() => Promise<void>)[] = [];
  #runtime?: Runtime;

  constructor(options: CommonOptions, controller: AbortController) {
    this.output = new Output({ json: options.json === true, quiet: options.quiet === true });
    this.seed = options.seed;
    this.#controller = controller;
  }

  get activity(): Activity {
    return { onProgress: this.output.progress, onMessage: this.output.message, signal: this.#controller.signal };
  }

  get runtime(): Runtime {
    this.#runtime ??= createNodeRuntime();
    return this.#runtime;
  }

  /** Runs `close` when the command ends, last opened first. */
  defer(close: () => Promise<void>): void {
    this.#closers.push(close);
  }

  async close(): Promise<void> {
    this.output.clear();
    for (const close of this.#closers.reverse()) await close();
    await this.#runtime?.dispose();
  }

  /** A model from a file or a folder of Hugging Face's, with a free batch dimension where it can have one. @throws GraphError where it cannot be any good: NaN weights, say. */
  async model(path: string): Promise<Model> {
    const model = await openModel(path);
    inferShapes(model);
    requireSound(model);
    const fixed = fixedBatch(model);
    if (fixed === undefined) return model;
    try {
      const freed = await freeBatch(model, this.runtime);
      this.output.info(`The model was exported for ${fixed} sample(s) at a time; it now takes any number.`);
      return freed;
    } catch (error) {
      if (!(error instanceof EspalierError) || error instanceof Stopped) throw error;
      this.output.message({ level: 'warning', text: error.message });
      return model;
    }
  }

  /**
   * Where the long work of a command leaves checkpoints: beside its result, so that the same command goes on with them after a kill. To be
   * cleared once the result is written.
   */
  checkpointsBeside(out: string): { checkpoints: CheckpointStore; clear: () => Promise<void> } {
    const folder = `${out}.work`;
    if (existsSync(folder)) this.output.info(`Going on from the checkpoint in ${folder}.`);
    this.kept = folder;
    return { checkpoints: checkpointFolder(folder), clear: () => rm(folder, { recursive: true, force: true }) };
  }

  async source(options: DataOptions, model?: Model): Promise<DataSource> {
    const { data, classes, unlabelled, limit: count, columns } = options;
    const chosen = unlabelled ? { label: false as const, labelled: false } : { label: targetsNamed(options), classes };
    const limit = count === undefined ? undefined : { count, seed: this.seed };
    const source = await openDataset(
      data,
      {
        ...chosen,
        columns,
        limit,
        ...soundOptions(options, model),
        categories: model && notedCategories(model),
        fallbackSize: model && imageSize(model),
      },
      this.activity,
    );
    this.defer(() => source.close());
    return source;
  }

  /** @throws EspalierError where a file could not be written there: better said before the work than after it. */
  willWrite(path: string): void {
    checkWritable(path);
  }

  /** Says what is wrong with a model that was measured, besides its score: it is at chance, its classes seem exchanged. */
  warnOf(quality: Quality, task: Task): void {
    for (const text of concerns(quality, task)) this.output.message({ level: 'warning', text });
  }

  /**
   * The task of a model on the data that the options name, with a word on how it was set up.
   * @param given data that is open already; whether the model is yet to be trained, and what is fed to it unless --preprocess says otherwise.
   */
  async task(
    model: Model,
    options: DataOptions,
    given: { source?: DataSource; untrained?: boolean; reference?: Model; preprocess?: string | Preprocess } = {},
  ): Promise<Task> {
    if (given.untrained && options.fidelity)
      throw new OptionError({
        what: 'A fresh architecture has no answers to be true to',
        where: '--fidelity',
        fix: 'Leave it out: labels are needed.',
      });
    const source = given.source ?? (await this.source(options, model));
    const noted = options.preprocess === 'auto' && given.preprocess === undefined ? notedPreprocess(model, source) : undefined;
    const setup = await createTask(
      model,
      source,
      this.runtime,
      {
        preprocess: options.preprocess === 'auto' ? (given.preprocess ?? 'auto') : options.preprocess,
        noted,
        untrained: given.untrained,
        output: options.scores,
        fidelity: options.fidelity,
        task: options.task,
        metric: options.metric,
        reference: given.reference,
        classesGiven: options.classes !== undefined,
        splits: { seed: this.seed },
        threads: options.threads,
      },
      this.activity,
    );
    this.output.info(setup.explanation);
    if (noted) this.output.info(`Preprocessing: ${namesOf(noted)}, as the model's file says.`);
    notePreprocess(model, setup.task);
    return setup.task;
  }
}

function namesOf(noted: Readonly<Record<string, Preprocess>>): string {
  return [...new Set(Object.values(noted).map(({ name }) => name ?? 'given'))].join(', ');
}

/** Rate and length of sounds as given, else the rate that the model was trained at. */
function soundOptions({ sampleRate, seconds }: DataOptions, model: Model | undefined): { sampleRate?: number; seconds?: number } {
  return { sampleRate: sampleRate ?? (model && notedSampleRate(model)), seconds };
}

/** @throws OptionError where the same is said twice. */
function targetsNamed({ label, target }: Pick<DataOptions, 'label' | 'target'>): string | undefined {
  if (label === undefined || target === undefined) return target ?? label;
  throw new OptionError({ what: '--label and --target are the same', fix: 'Give one of them.' });
}

/** Height and width that a model's first image input is fixed at. */
function imageSize(model: Model): { width: number; height: number } | undefined {
  const shape = model.graph.feeds[0]?.shape as readonly Dim[] | undefined;
  const sample = staticShape(shape?.slice(1));
  if (sample?.length !== 3) return undefined;
  const [height, width] = sample[0] <= 4 ? sample.slice(1) : sample;
  return { width, height };
}

export function addCommonOptions(command: Command): Command {
  return command
    .addOption(new Option('--json', 'print one JSON document on stdout'))
    .addOption(new Option('--quiet', 'print nothing but results and errors'))
    .addOption(new Option('--verbose', 'show the stack of an error'))
    .addOption(new Option('--seed <number>', 'draws everything that is drawn at random').argParser(seed).default(0));
}

/**
 * @param given whether the command can do nothing without data (default true); what its threads are for; by which option alone the targets are named, where
 * --target means something else.
 */
export function addDataOptions(command: Command, given: { required?: boolean; threads?: string; named?: '--label' } = {}): Command {
  const { required = true, threads = 'threads inside an operator (default: all cores)', named } = given;
  const what =
    'what is to be predicted: columns of a table or of metadata, by name or number, separated by commas; or a pattern of file names, as "{label}_*"';
  if (!named) command.option('--target <columns>', what);
  const data = new Option(
    '--data <path>',
    'a folder of class folders of images, sounds or texts, .tar, MNIST IDX folder, a table (.csv, .jsonl, .parquet), .npy, .npz, or digits or iris',
  );
  return command
    .addOption(data.makeOptionMandatory(required))
    .option('--preprocess <name>', 'how samples become inputs: auto, 0-1, +-1, 0-255, imagenet, caffe, dataset, raw', 'auto')
    .option('--label <columns>', named ? what : 'the same as --target')
    .option('--columns <names>', 'columns of a table that are features (default: all that are not targets)', list)
    .option('--classes <names>', "class names in the order of the model's scores, separated by commas (default: sorted)", list)
    .option('--sample-rate <Hz>', "bring sounds to this rate (default: the model's, else that of the first file)", positiveInteger)
    .option('--seconds <number>', 'bring sounds to this length (default: the longest, at most 10)', positiveNumber)
    .option('--unlabelled', 'read no labels: quality is then fidelity')
    .option('--limit <number>', 'use at most this many samples, drawn evenly over the classes', positiveInteger)
    .option('--scores <output>', 'the model output that counts; without labels: that it holds class scores')
    .addOption(new Option('--task <kind>', 'what the model is for (default: found from model and data)').choices(taskNames()))
    .option('--metric <name>', 'what models are compared by, e.g. f1, auc, rmse, recall[person] (default: the first of the task)')
    .option('--fidelity', "score by agreement with the original model's outputs instead of by labels")
    .option('--threads <number>', threads, positiveInteger);
}
