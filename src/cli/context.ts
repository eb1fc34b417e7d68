import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { type Activity, attempted, OptionError } from '../base/index.js';
import type { DataSource, Preprocess } from '../data/index.js';
import type { Runtime } from '../infrastructure/runtime/index.js';
import type { Model } from '../onnx/index.js';
import type { CheckpointStore } from '../technique/index.js';
import type { Quality, Task } from '../training/index.js';
import { checkWritable } from './checks.js';
import type { Interruption } from './interruption.js';
import { type CommonOptions, type DataOptions, INPUT_FILES } from './options.js';
import { Output } from './output.js';
import { LateRuntime } from './runtime.js';

/** What `--data` is where samples are to be made up, and the metadata key under which models that are made with them say so. */
const SYNTHETIC = 'synthetic';
const SYNTHETIC_KEY = 'espalier.data';

/** What a command works with; it is torn down when the command ends. What not every command needs is loaded when it is asked for. */
export class CommandContext {
  readonly output: Output;
  readonly seed: number;
  /** Where unfinished work is kept, for commands that can go on with it. */
  kept?: string;
  readonly #interruption: Interruption;
  readonly #closers: (() => Promise<void>)[] = [];
  readonly runtime: Runtime = new LateRuntime();

  /** @param command its name, which its JSON document carries. */
  constructor(command: string, options: CommonOptions, interruption: Interruption) {
    this.output = new Output(command, { json: options.json === true, quiet: options.quiet === true });
    this.seed = options.seed;
    this.#interruption = interruption;
  }

  /** Whoever takes it hears of Ctrl-C: until then a signal ends the process at once, as nothing is lost. */
  get activity(): Activity {
    this.#interruption.listen();
    return { onProgress: this.output.progress, onMessage: this.output.message, signal: this.#interruption.signal };
  }

  /** Runs `close` when the command ends, last opened first. */
  defer(close: () => Promise<void>): void {
    this.#closers.push(close);
  }

  async close(): Promise<void> {
    this.output.clear();
    for (const close of this.#closers.reverse()) await close();
    await this.runtime.dispose();
  }

  /** A model from a file or a folder of Hugging Face's, with a free batch dimension where it can have one. @throws GraphError where it cannot be any good: NaN weights, say. */
  async model(path: string): Promise<Model> {
    const { declareBatch, fixedBatch, freeBatch, requireSound } = await import('../infrastructure/compiler/index.js');
    const { openModel } = await import('../modalities/node/index.js');
    const { inferShapes } = await import('../ops/index.js');
    const { isTfliteFile, withRealEdges } = await import('../formats/node/index.js');
    const given = await openModel(path);
    const opened = isTfliteFile(path) ? withRealEdges(given) : given;
    if (opened !== given) this.output.info('Inputs and outputs in integers are taken and given as the numbers that these stand for.');
    inferShapes(opened);
    requireSound(opened);
    const model = declareBatch(opened);
    const fixed = fixedBatch(model);
    if (fixed === undefined) return model;
    return attempted(
      async () => {
        const freed = await freeBatch(model, this.runtime);
        this.output.info(`The model was exported for ${fixed} sample(s) at a time; it now takes any number.`);
        return freed;
      },
      ({ message: text }) => {
        this.output.message({ level: 'warning', text });
        return model;
      },
    );
  }

  /**
   * Where the long work of a command leaves checkpoints: beside its result, so that the same command goes on with them after a kill. To be
   * cleared once the result is written.
   */
  async checkpointsBeside(out: string): Promise<{ checkpoints: CheckpointStore; clear: () => Promise<void> }> {
    const { checkpointFolder } = await import('../strategies/node/index.js');
    const folder = `${out}.work`;
    if (existsSync(folder)) this.output.info(`Going on from the checkpoint in ${folder}.`);
    this.kept = folder;
    return { checkpoints: checkpointFolder(folder), clear: () => rm(folder, { recursive: true, force: true }) };
  }

  /** @param calibrates whether something is fitted to the samples, so that made-up ones are to be as like real ones as can be. */
  async source(options: DataOptions, model?: Model, calibrates = false): Promise<DataSource> {
    const made = model && (await this.#sourceOfInputs(options, model, calibrates));
    if (made) return made;
    const { data, dataName, labels, classes, unlabelled, limit: count, columns, exif, maxUnpacked, sampleRate, seconds } = options;
    const chosen = unlabelled ? { label: false as const, labelled: false } : { label: targetsNamed(options), classes, annotations: labels };
    const limit = count === undefined ? undefined : { count, seed: this.seed };
    const { openDataset } = await import('../modalities/node/index.js');
    const { imageSize, notedCategories, notedColumns, notedSampleRate } = await import('../modalities/index.js');
    const ofModel = model && { order: notedColumns(model), categories: notedCategories(model), fallbackSize: imageSize(model) };
    const sounds = { sampleRate: sampleRate ?? (model && notedSampleRate(model)), seconds };
    const given = { ...chosen, ...ofModel, ...sounds, columns, limit, orient: exif, maxUnpacked };
    const opened = await openDataset(data, given, this.activity);
    this.defer(() => opened.close());
    return dataName === undefined ? opened : { ...opened, name: dataName };
  }

  /** @throws EspalierError where a file could not be written there: better said before the work than after it. */
  willWrite(path: string): void {
    checkWritable(path);
  }

  /** Samples that are files of a model's inputs, or made up for them; undefined where the data is of another form. */
  async #sourceOfInputs(
    { data, input, shape, limit, maxUnpacked, threads }: DataOptions,
    model: Model,
    calibrates: boolean,
  ): Promise<DataSource | undefined> {
    if (input) {
      if (data !== INPUT_FILES)
        throw new OptionError({ what: '--data and --input both say what the samples are', fix: 'Give one of them.' });
      const { sourceOfFiles } = await import('./inputs.js');
      return sourceOfFiles(input, model, {
        maxUnpacked,
        onFew: (samples) =>
          this.output.message({
            level: 'warning',
            text: `${samples} sample(s) are few: they are repeated, and what is measured is measured on samples that were used before.`,
          }),
      });
    }
    if (data !== SYNTHETIC || existsSync(data)) return undefined;
    const { distilledSource, runnableInputs, syntheticSource } = await import('../diagnosis/index.js');
    this.output.message({ level: 'warning', text: 'The samples are synthetic: what is measured on them says little of real ones.' });
    model.metadata.set(SYNTHETIC_KEY, 'synthetic');
    const { attempt } = await runnableInputs(model, this.runtime, { shapes: shape, signal: this.activity.signal });
    const made = syntheticSource(model, { shapes: shape, attempt, samples: limit });
    const distilled = calibrates ? await distilledSource(model, this.runtime, { ...this.activity, made, threads }) : undefined;
    if (distilled) this.output.info(distilled.explanation);
    if (distilled?.source) model.metadata.set(SYNTHETIC_KEY, `${SYNTHETIC}, with the statistics of the model's batch normalizations`);
    return distilled?.source ?? made;
  }

  /** Says what is wrong with a model that was measured, besides its score: it is at chance, its classes seem exchanged. */
  async warnOf(quality: Quality, task: Task, subject?: string): Promise<void> {
    const { concerns } = await import('../training/index.js');
    for (const text of concerns(quality, task, subject)) this.output.message({ level: 'warning', text });
  }

  /**
   * The task of a model on the data that the options name, with a word on how it was set up.
   * @param given data that is open already; whether the model is yet to be trained, what is fed to it unless --preprocess says otherwise, and whether something is fitted to the samples.
   */
  async task(
    model: Model,
    options: DataOptions,
    given: { source?: DataSource; untrained?: boolean; reference?: Model; preprocess?: string | Preprocess; calibrates?: boolean } = {},
  ): Promise<Task> {
    if (given.untrained && options.fidelity)
      throw new OptionError({
        what: 'A fresh architecture has no answers to be true to',
        where: '--fidelity',
        fix: 'Leave it out: labels are needed.',
      });
    const source = given.source ?? (await this.source(options, model, given.calibrates));
    const { createTask, notedPreprocess, notedSplit, noteSplit, noteTask } = await import('../modalities/index.js');
    const noted = options.preprocess === 'auto' && given.preprocess === undefined ? notedPreprocess(model, source.train.inputs) : undefined;
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
    noteTask(model, setup.task);
    if (!source.test) {
      const split = { seed: this.seed, data: source.train.fingerprint };
      const before = notedSplit(model);
      if (before?.data === split.data && before.seed !== split.seed)
        this.output.message({ level: 'warning', text: otherSplit(before.seed) });
      noteSplit(model, split);
    }
    return setup.task;
  }
}

function otherSplit(seed: number): string {
  return `The model was made with --seed ${seed}, which draws other parts of this data: it may have learned from what is now the test part. Give --seed ${seed}.`;
}

/** @throws OptionError where the same is said twice. */
function targetsNamed({ label, target }: Pick<DataOptions, 'label' | 'target'>): string | undefined {
  if (label === undefined || target === undefined) return target ?? label;
  throw new OptionError({ what: '--label and --target are the same', fix: 'Give one of them.' });
}
