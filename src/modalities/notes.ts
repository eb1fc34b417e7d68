import {
  allocate,
  arrayDataset,
  type Dataset,
  type DataTensor,
  type ElementType,
  type InputSpec,
  type Preprocess,
  type Targets,
  targetsLike,
} from '../data/index.js';
import type { Runtime } from '../infrastructure/runtime/index.js';
import type { Model, Value } from '../onnx/index.js';
import { findGoal, type Goal, type Task } from '../training/index.js';
import { forgetLikely } from './setup/likely.js';
import { LABELS_KEY } from './setup/model-labels.js';
import { forgetProblem } from './setup/problem-type.js';
import { preprocessesFor } from './setup/ways.js';

/** Metadata keys under which models carry how their inputs are prepared, and what they are for. */
const KEY = 'espalier.preprocess';
const TASK_KEY = 'espalier.task';
const SPLIT_KEY = 'espalier.split';

/** What is kept: the preprocessing, and for which stored values it is. */
interface Noted {
  input: string;
  preprocess: Preprocess;
  /** What the samples are. */
  kind?: string;
  range: InputSpec['range'] | null;
}

/** What is kept of a task: enough to read the model's answers where there is no data with targets. */
interface NotedTask {
  kind: string;
  outputs: readonly string[];
  /** The targets of no sample: their kind and names. */
  targets: Targets | null;
  /** The data's inputs. */
  inputs: readonly InputSpec[];
}

/** Writes into the model's metadata how its inputs are prepared and what it is for; whatever is made of the model carries it on. */
export function noteTask(model: Model, task: Task): void {
  const noted = task.feeds.map(({ input, from, preprocess }): Noted => {
    const spec = task.splits.train.inputs.find(({ name }) => name === from);
    return { input, preprocess, ...(spec && { kind: spec.kind }), range: spec?.range ?? null };
  });
  model.metadata.set(KEY, JSON.stringify(noted));
  forgetLikely(model);
  forgetProblem(model);
  const { targets, inputs } = task.splits.train;
  const about: NotedTask = { kind: task.kind, outputs: task.outputs, targets: targets ? targetsLike(targets, 0) : null, inputs };
  model.metadata.set(
    TASK_KEY,
    JSON.stringify(about, (_, value) => (ArrayBuffer.isView(value) ? [] : value)),
  );
  if (targets?.kind === 'class' || targets?.kind === 'labels') model.metadata.set(LABELS_KEY, JSON.stringify(targets.classes));
}

/** How data without a test part of its own was split when a model was first made: another seed draws test samples that it may have learned from. */
export interface NotedSplit {
  seed: number;
  /** Fingerprint of the data. */
  data: string;
}

/** Writes into the model's metadata how its data was split, unless it says so already. */
export function noteSplit(model: Model, split: NotedSplit): void {
  if (!notedSplit(model)) model.metadata.set(SPLIT_KEY, JSON.stringify(split));
}

/** How the data that a model was made with was split; undefined where its file does not say. */
export function notedSplit(model: Model): NotedSplit | undefined {
  const noted = parsed<NotedSplit>(model.metadata.get(SPLIT_KEY));
  return typeof noted?.seed === 'number' && typeof noted.data === 'string' ? noted : undefined;
}

/** What a model is for and what its samples are like, as its file says; undefined where it says nothing that fits it. */
export async function notedTask(
  model: Model,
  runtime: Runtime,
): Promise<{ goal: Goal; inputs: readonly InputSpec[]; targets: Targets | null } | undefined> {
  const noted = parsed<NotedTask>(model.metadata.get(TASK_KEY));
  if (typeof noted?.kind !== 'string' || !Array.isArray(noted.inputs) || !Array.isArray(noted.outputs)) return undefined;
  try {
    const train = blankDataset(noted.inputs, noted.targets);
    const splits = { train, calibration: train, validation: train, test: train };
    const output = noted.outputs.length === 1 ? noted.outputs[0] : undefined;
    const { goal } = await findGoal({ model, splits, runtime, options: { task: noted.kind, output } });
    return { goal, inputs: noted.inputs, targets: noted.targets };
  } catch {
    return undefined;
  }
}

/** One sample of nothing. */
function blankDataset(inputs: readonly InputSpec[], targets: Targets | null): Dataset {
  const tensors = inputs.map(({ name, type, shape, kind }) => {
    const length = shape.reduce((product, dim) => product * dim, 1);
    const tensor: DataTensor = { type, shape: [1, ...shape], data: allocate(type, length), kind };
    return [name, tensor] as const;
  });
  return arrayDataset({ name: 'nothing', inputs: Object.fromEntries(tensors), ...(targets && { targets: targetsLike(targets, 1) }) });
}

/**
 * The preprocessing that a model carries for each of its inputs, fitted to the size of these samples; undefined where it carries none, or one for other kinds
 * of samples.
 * @param isAnyRange whether samples whose stored values span another range will do, as PNG files for a model of data from 0 to 16: their values are then
 *   spread over the range that it was made for.
 */
export function notedPreprocess(model: Model, inputs: readonly InputSpec[], isAnyRange = false): Record<string, Preprocess> | undefined {
  const notes = readNote(model);
  const found = model.graph.feeds.map((input) => {
    const noted = notes?.find((each) => each.input === input.name);
    const spec = inputs.find(({ name }) => name === input.name) ?? inputs[0];
    const preprocess = noted && fitted(noted, spec, input, isAnyRange);
    return preprocess && ([input.name, preprocess] as const);
  });
  return found.every((each) => each !== undefined) ? Object.fromEntries(found) : undefined;
}

function fitted({ kind, range, preprocess }: Noted, spec: InputSpec, input: Value, isAnyRange: boolean): Preprocess | undefined {
  if (!input.shape || (kind ?? spec.kind) !== spec.kind) return undefined;
  const isSameRange = JSON.stringify(range) === JSON.stringify(spec.range ?? null);
  if (!isSameRange && !(isAnyRange && range && spec.range)) return undefined;
  // What prepares samples does so whatever their size.
  if (preprocess.prepare) return preprocess;
  const shape = input.shape.map((dim) => (typeof dim === 'number' ? dim : null));
  const { name, layout, channels, scale, mean, std } = preprocess;
  const fitting = preprocessesFor(spec, { shape, type: input.dtype as ElementType | undefined });
  const way = fitting.find((each) => each.layout === layout && each.channels === channels && !each.prepare);
  return way && { ...way, name, std, ...(isSameRange ? { scale, mean } : respread(preprocess, range, spec.range)) };
}

/** The names of a table's columns that a model takes, in their order; undefined where its file does not say. */
export function notedColumns(model: Model): readonly string[] | undefined {
  const inputs: unknown = parsed<NotedTask>(model.metadata.get(TASK_KEY))?.inputs;
  const [spec] = (Array.isArray(inputs) ? inputs : []) as (InputSpec | undefined)[];
  const names = spec?.columns?.map(({ name }) => name) ?? spec?.names;
  return names?.every((name) => typeof name === 'string') ? names : undefined;
}

/** The categories of a table's columns that a model was trained with, by name; undefined where it has none. */
export function notedCategories(model: Model): Record<string, readonly string[]> | undefined {
  const columns = readNote(model)?.flatMap(({ preprocess: { prepare } }) => (Array.isArray(prepare?.columns) ? prepare.columns : [])) ?? [];
  const known = columns.filter((column) => typeof column?.name === 'string' && Array.isArray(column.categories));
  return known.length > 0 ? Object.fromEntries(known.map(({ name, categories }) => [name, categories.map(String)])) : undefined;
}

type Range = readonly [number, number];

/** Scale and mean for values that span another range than those that a preprocessing was made for. */
function respread(
  { scale = 1, mean = [0] }: Preprocess,
  made: Range | null | undefined,
  given: Range | undefined,
): Pick<Preprocess, 'scale' | 'mean'> {
  if (!made || !given) return { scale, mean };
  const ratio = (made[1] - made[0]) / (given[1] - given[0]);
  return { scale: scale * ratio, mean: mean.map((each) => each + scale * (given[0] * ratio - made[0])) };
}

/** The rate of the sounds that a model was trained with, in Hz; undefined where it has none. */
export function notedSampleRate(model: Model): number | undefined {
  const rates = readNote(model)?.map(({ preprocess: { prepare } }) => prepare?.sampleRate) ?? [];
  return rates.find((rate): rate is number => Number.isInteger(rate) && Number(rate) >= 1);
}

/** Undefined for what is no such note: anyone may write metadata. */
function readNote(model: Model): Noted[] | undefined {
  const notes = parsed<Noted[]>(model.metadata.get(KEY));
  const isNote = (note: Noted) => typeof note?.input === 'string' && typeof note.preprocess?.layout === 'string';
  return Array.isArray(notes) && notes.every(isNote) ? notes : undefined;
}

function parsed<T>(text: string | undefined): T | undefined {
  try {
    return (JSON.parse(text ?? 'null') as T) ?? undefined;
  } catch {
    return undefined;
  }
}
