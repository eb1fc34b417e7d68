import { existsSync, statSync } from 'node:fs';
import { attempted, EspalierError } from '../../base/index.js';
import { type Proof, prove } from '../../diagnosis/index.js';
import { isTfliteFile, isTfliteName, loadModel, modelBytes, saveModel } from '../../formats/node/index.js';
import { simplify } from '../../infrastructure/compiler/index.js';
import type { ModelSource } from '../../infrastructure/runtime/index.js';
import type { Model } from '../../onnx/index.js';
import { answersOf, judge, type Quality, type Reference, type Task, type Trials, withReference } from '../../training/index.js';
import type { CommandContext } from '../context.js';
import { faultsOf } from './bounds.js';
import { type Gain, noGain, notFaster, notWithin } from './gain.js';
import type { InventedOptions, ShippingOptions } from './options.js';
import { oneRun, testFeeds } from './samples.js';
import { type PairedTime, pairedTime } from './time.js';
import { trialsWhereNoisy } from './trials.js';

/** Metadata key under which a model that was written against a bound says so. */
const FORCED_KEY = 'espalier.forced';

/** A model that is there, with what it is for. */
export interface Known {
  model: Model;
  /** Its file, or the folder that it is in. */
  path: string;
  /** Absent where no data was given. */
  task?: Task;
}

export interface Shipment {
  context: CommandContext;
  /** What is to be written. */
  model: Model;
  out: string;
  /** The task as the new model takes it. Absent where no data was given. */
  task?: Task;
  /** What the new model was made of and must not be much worse than. Absent for one that was made of nothing. */
  original?: Known;
  /** What it is timed against. Default: the original. */
  rival?: Known;
  options: ShippingOptions & InventedOptions & { threads?: number };
  /** What was asked for of the file, so that one that does not gain it is refused. Default: nothing. */
  mustGain?: Gain;
  /** Milliseconds of a run within which the file must stay. Default: no limit. */
  maxLatency?: number;
  /** What else can be done where the model is refused, as a sentence. */
  advice?: string;
  /** Forgets the checkpoints, once the file is there. */
  clear?: () => Promise<void>;
  /** Finds a model that follows the original more closely, where this one is seen not to; see `TechniqueResult.mended`. */
  mend?: (trials: Trials) => Promise<Model | undefined>;
}

/** A model that is written, and what was found of it before. */
export interface Shipped {
  /** From its file. */
  model: Model;
  bytes: number;
  quality: { before?: Quality; after?: Quality };
  /** Absent where there is no original. */
  proof?: Proof;
  /** A sentence where it could not be measured; absent where it was not to be, or there is nothing to compare with. */
  time?: PairedTime | string;
  /** Why it would not have been written without --force; empty where every bound is kept. */
  forced: readonly string[];
}

/** A model that is too bad to be written. */
export class Refused extends EspalierError {
  override readonly name: string = 'Refused';
}

/**
 * The one way in which commands write models: the file is written under another name, loaded by the runtime, compared with the original, timed beside it, and
 * judged; only then it takes its name. What breaks a bound is not written, unless that is forced; the file then says so itself.
 * @throws Refused with the reason, where nothing was written.
 */
export async function ship(shipment: Shipment): Promise<Shipped> {
  try {
    return await written(shipment);
  } catch (error) {
    if (!(error instanceof Noisy)) throw error;
    const { context, mend } = shipment;
    const better = await attempted(
      async () => mend?.(error.trials),
      ({ message }) => {
        context.output.message({ level: 'warning', text: `No model was found that follows the original more closely: ${message}` });
        return undefined;
      },
    );
    context.output.clear();
    return written({ ...shipment, model: better ?? shipment.model, mend: undefined });
  }
}

/** Ends the writing of a file that another may be better than. */
class Noisy extends Error {
  constructor(readonly trials: Trials) {
    super('The new model does not follow the original closely');
  }
}

async function written(given: Shipment): Promise<Shipped> {
  const { context, out, options, clear } = given;
  // Sizes that a graph computes are known afterwards, and nothing is left that other formats have no operator for.
  const model = isTfliteName(out) ? await simplify(given.model, context.runtime) : given.model;
  const shipment = { ...given, model };
  let found: Looked | undefined;
  const check = async (draft: string) => {
    found = await look(shipment, draft);
    if (found.forced.length > 0 && !options.force) throw refusal({ ...shipment, advice: found.advice }, found.forced);
  };
  let bytes = await saveModel(model, out, { check });
  const { forced = [] } = found ?? {};
  if (forced.length > 0) {
    model.metadata.set(FORCED_KEY, forced.join('; '));
    bytes = await saveModel(model, out);
  }
  await clear?.();
  context.kept = undefined;
  const { advice: _, ...shipped } = found ?? { quality: {} };
  return { forced, ...shipped, model: loadModel(out), bytes };
}

export interface Conversion {
  context: CommandContext;
  model: Model;
  out: string;
  /** For TensorFlow Lite. */
  layout: 'as-is' | 'channels-last';
  /** Write it even where it answers differently. */
  force?: boolean;
}

/**
 * Writes a model in another format, and nothing else about it changes: a file of another format than ONNX is read back, and must give the same answers before it takes its
 * name. @returns its bytes, and what answers differently, which is only there by force.
 * @throws Refused where it answers differently.
 */
export async function shipConverted({
  context,
  model: given,
  out,
  layout,
  force,
}: Conversion): Promise<{ bytes: number; faults: readonly string[] }> {
  const { runtime, activity } = context;
  if (!isTfliteName(out)) return { bytes: await saveModel(given, out), faults: [] };
  const model = await simplify(given, runtime);
  let faults: string[] = [];
  const check = async (draft: string) => {
    const { otherAnswers } = await import('./same-answers.js');
    faults = await otherAnswers({
      before: model,
      after: loadModel(draft),
      runtime,
      channelsLast: layout === 'channels-last',
      signal: activity.signal,
    });
    if (faults.length > 0 && !force) throw refusal({ context, out }, faults);
  };
  return { bytes: await saveModel(model, out, { layout, check }), faults };
}

/** What was found of a file, and what else can be done where it is refused. */
interface Looked extends Omit<Shipped, 'model' | 'bytes'> {
  advice?: string;
}

/** Everything that is to be known of a written file before it is called done. */
async function look(shipment: Shipment, draft: string): Promise<Looked> {
  const { context, task, original, options, mustGain, maxLatency } = shipment;
  const written = loadModel(draft);
  const faults: string[] = [];
  /** What fails in the new model is its fault. */
  const tried = <T>(what: string, work: () => Promise<T>): Promise<T | undefined> =>
    attempted(work, ({ message }) => {
      faults.push(`${what}: ${message.replace(/\.$/, '')}`);
      return undefined;
    });
  if (isTfliteName(shipment.out))
    await tried('it does not run', async () => {
      const { otherAnswers } = await import('./same-answers.js');
      const { runtime, activity } = context;
      const request = { before: shipment.model, after: written, runtime, signal: activity.signal, shapes: options.shape };
      faults.push(...(await otherAnswers(request)));
    });
  const source = runnable(draft, written);
  const proof = await tried('it does not load or run', () => proofOf(shipment, written, source));
  if (faults.length > 0) return { quality: {}, forced: faults, advice: shipment.advice };
  const trials = shipment.mend && original && proof && trialsWhereNoisy(original.model, proof);
  if (trials) throw new Noisy(trials);
  const quality = await besides(shipment, async (reference) => {
    const before = original?.task && (await answers(original.model, original.task, { shipment, reference }));
    const after = task && (await tried('it cannot be judged', () => answers(written, task, { shipment, reference })));
    return {
      before: original?.task && before && judge(original.task, before),
      after: task && after && (await tried('it cannot be judged', async () => judge(task, after, before))),
    };
  });
  if (original && proof) faults.push(...faultsOf({ before: original.model, proof, task, quality, maxDrop: options.maxDrop }));
  const time = options.time ? await timeOf(shipment, source, proof) : undefined;
  const bytes = { before: original ? bytesOf(original) : 0, after: modelBytes(draft) };
  const waste = original && mustGain ? noGain(bytes, time, original.model, mustGain) : undefined;
  const slow = options.requireFaster ? notFaster(time) : undefined;
  const late = maxLatency === undefined ? undefined : notWithin(time, maxLatency);
  // What changes least, or stays in float, is no faster for it.
  const advice = slow !== undefined && faults.length === 0 ? undefined : shipment.advice;
  faults.push(...[waste, slow, late].filter((fault) => fault !== undefined));
  context.output.clear();
  return { quality, ...(original && { proof }), time, forced: faults, advice };
}

/** Compared with the original where there is one; else the new model is only loaded. */
async function proofOf({ context, task, original, options }: Shipment, written: Model, source: ModelSource): Promise<Proof | undefined> {
  const { runtime, activity } = context;
  const { threads, shape: shapes, batch } = options;
  if (!original) {
    await (await runtime.compile(source, { threads, signal: activity.signal })).dispose();
    return undefined;
  }
  const before = original.task;
  return prove({
    before: original.model,
    after: written,
    source,
    runtime,
    threads,
    signal: activity.signal,
    invented: { shapes, batch },
    ...(before && task && { samples: () => testFeeds(original.model, before, task) }),
  });
}

/** Hands out the reference that both models are compared with, where they have one and the same task. */
async function besides<T>({ context, task, original, options }: Shipment, use: (reference?: Reference) => Promise<T>): Promise<T> {
  if (!task || task !== original?.task) return use();
  return withReference(task, context.runtime, { threads: options.threads, signal: context.activity.signal }, use);
}

function answers(model: Model, task: Task, { shipment, reference }: { shipment: Shipment; reference?: Reference }) {
  const { context, options } = shipment;
  return answersOf(model, task, context.runtime, { ...context.activity, split: 'test', threads: options.threads, reference });
}

async function timeOf({ context, model, task, original, rival = original, options }: Shipment, source: ModelSource, proof?: Proof) {
  if (!rival) return undefined;
  const { runtime, activity } = context;
  const found = fileOf(rival);
  // The file itself where the runtime takes it: what was read of it may have been given a free batch since.
  const file = found !== undefined && isTfliteFile(found) ? undefined : found;
  const given = file === undefined ? rival.model : loadModel(file);
  return attempted(
    async () => {
      const before = {
        source: file === undefined ? rival.model : ({ path: file } satisfies ModelSource),
        feeds: await oneRun(given, rival.task, proof?.invented),
      };
      const after = { source, feeds: rival.task === task ? before.feeds : await oneRun(model, task, proof?.invented) };
      return pairedTime({ before, after, runtime, threads: options.threads, signal: activity.signal });
    },
    ({ message }) => `The time could not be measured: ${message}`,
  );
}

/** A file as the runtime takes it: the file itself, or what was read of it where that is of another format. */
function runnable(file: string, read: Model): ModelSource {
  return isTfliteFile(file) ? read : { path: file };
}

/** Bytes of a model's file, and of the weights beside it. */
export function bytesOf(known: Known): number {
  return modelBytes(fileOf(known) ?? known.path);
}

function fileOf({ model, path }: Known): string | undefined {
  return [path, model.source].find((file) => file !== undefined && existsSync(file) && statSync(file).isFile());
}

function refusal({ context, out, advice }: Pick<Shipment, 'context' | 'out' | 'advice'>, faults: readonly string[]): Refused {
  const kept =
    context.kept === undefined || !existsSync(context.kept) ? '' : ' (what was trained is kept, so that this goes on from there)';
  return new Refused({
    what: `The model is not written, because ${faults.join('; and ')}`,
    where: out,
    fix: `${advice ? `${advice} ` : ''}Write it all the same with --force${kept}.`,
  });
}
