import type { DataSource, ElementType, InputSpec, Preprocess } from '../data/index.js';
import { forgetLikely, preprocessesFor } from '../modalities/index.js';
import type { Model } from '../onnx/index.js';
import type { Task } from '../training/index.js';

/** Metadata key under which models carry how their inputs are prepared. */
const KEY = 'espalier.preprocess';

/** What is kept: the preprocessing, and for which stored values it is. */
interface Noted {
  input: string;
  preprocess: Preprocess;
  /** What the samples are. */
  kind?: string;
  range: InputSpec['range'] | null;
}

/** Writes into the model's metadata how its inputs are prepared; whatever is made of the model carries it on. */
export function notePreprocess(model: Model, task: Task): void {
  const noted = task.feeds.map(({ input, from, preprocess }): Noted => {
    const spec = task.splits.train.inputs.find(({ name }) => name === from);
    return { input, preprocess, ...(spec && { kind: spec.kind }), range: spec?.range ?? null };
  });
  model.metadata.set(KEY, JSON.stringify(noted));
  forgetLikely(model);
}

/**
 * The preprocessing that a model carries for each of its inputs, fitted to the size of these samples; undefined where it carries none, or one for other kinds
 * of samples.
 */
export function notedPreprocess(model: Model, source: DataSource): Record<string, Preprocess> | undefined {
  const notes = readNote(model);
  const { inputs } = source.train;
  const found = model.graph.feeds.map((input) => {
    const noted = notes?.find((each) => each.input === input.name);
    const spec = inputs.find(({ name }) => name === input.name) ?? inputs[0];
    const preprocess = noted && fitted(noted, spec, input);
    return preprocess && ([input.name, preprocess] as const);
  });
  return found.every((each) => each !== undefined) ? Object.fromEntries(found) : undefined;
}

function fitted({ kind, range, preprocess }: Noted, spec: InputSpec, input: Model['graph']['feeds'][number]): Preprocess | undefined {
  if (!input.shape || (kind ?? spec.kind) !== spec.kind || JSON.stringify(range) !== JSON.stringify(spec.range ?? null)) return undefined;
  // What prepares samples does so whatever their size.
  if (preprocess.prepare) return preprocess;
  const shape = input.shape.map((dim) => (typeof dim === 'number' ? dim : null));
  const { name, layout, channels, scale, mean, std } = preprocess;
  const fitting = preprocessesFor(spec, { shape, type: input.dtype as ElementType | undefined });
  const way = fitting.find((each) => each.layout === layout && each.channels === channels && !each.prepare);
  return way && { ...way, name, scale, mean, std };
}

/** The categories of a table's columns that a model was trained with, by name; undefined where it has none. */
export function notedCategories(model: Model): Record<string, readonly string[]> | undefined {
  const columns = readNote(model)?.flatMap(({ preprocess: { prepare } }) => (Array.isArray(prepare?.columns) ? prepare.columns : [])) ?? [];
  const known = columns.filter((column) => typeof column?.name === 'string' && Array.isArray(column.categories));
  return known.length > 0 ? Object.fromEntries(known.map(({ name, categories }) => [name, categories.map(String)])) : undefined;
}

/** The rate of the sounds that a model was trained with, in Hz; undefined where it has none. */
export function notedSampleRate(model: Model): number | undefined {
  const rates = readNote(model)?.map(({ preprocess: { prepare } }) => prepare?.sampleRate) ?? [];
  return rates.find((rate): rate is number => Number.isInteger(rate) && Number(rate) >= 1);
}

/** Undefined for what is no such note: anyone may write metadata. */
function readNote(model: Model): Noted[] | undefined {
  try {
    const notes = JSON.parse(model.metadata.get(KEY) ?? 'null');
    const isNote = (note: Noted) => typeof note?.input === 'string' && typeof note.preprocess?.layout === 'string';
    return Array.isArray(notes) && notes.every(isNote) ? notes : undefined;
  } catch {
    return undefined;
  }
}
