import type { DataSource, ElementType, InputSpec, Preprocess } from '../data/index.js';
import { preprocessesFor } from '../modalities/index.js';
import type { Model } from '../onnx/index.js';
import type { Task } from '../training/index.js';

/** Metadata key under which models carry how their inputs are prepared. */
const KEY = 'espalier.preprocess';

/** What is kept: the preprocessing, and for which stored values it is. */
interface Noted {
  input: string;
  preprocess: Preprocess;
  range: InputSpec['range'] | null;
}

/** Writes into the model's metadata how its inputs are prepared; whatever is made of the model carries it on. */
export function notePreprocess(model: Model, task: Task): void {
  const noted = task.feeds.map(({ input, from, preprocess }): Noted => {
    const range = task.splits.train.inputs.find(({ name }) => name === from)?.range ?? null;
    return { input, preprocess, range };
  });
  model.metadata.set(KEY, JSON.stringify(noted));
}

/**
 * The preprocessing that a model of one input carries, fitted to the size of these samples; undefined where it carries none, or one for
 * other kinds of samples.
 */
export function notedPreprocess(model: Model, source: DataSource): Preprocess | undefined {
  const [input, ...more] = model.graph.feeds;
  const [spec] = source.train.inputs;
  const noted = readNote(model)?.find((each) => each.input === input?.name);
  if (!noted || more.length > 0 || !input.shape || JSON.stringify(noted.range) !== JSON.stringify(spec.range ?? null)) return undefined;
  const shape = input.shape.map((dim) => (typeof dim === 'number' ? dim : null));
  const { name, layout, channels, scale, mean, std } = noted.preprocess;
  const fitting = preprocessesFor(spec, { shape, type: input.dtype as ElementType | undefined });
  const way = fitting.find((each) => each.layout === layout && each.channels === channels);
  return way && { ...way, name, scale, mean, std };
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
