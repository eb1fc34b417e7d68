import { GraphError, OptionError } from '../base/index.js';
import { copyModel, type Dim, type Model, nodesOf, type Value } from '../onnx/index.js';
import { inferShapes } from '../ops/index.js';

/** Shapes by the names of inputs, as --shape gives them. */
export type InputShapes = Readonly<Record<string, readonly number[]>>;

/** @throws OptionError for shapes of inputs that there are not, or that do not fit what the model says of them. */
export function requireShapes(model: Model, shapes: InputShapes = {}): void {
  const { feeds } = model.graph;
  for (const [name, shape] of Object.entries(shapes)) {
    const input = feeds.find((each) => each.name === name);
    if (!input) throw unknown(`input "${name}"`, '--shape', feeds.map(stated));
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
}

/** @throws OptionError for sizes of dimensions that no input, output or layer of the model has by that name. */
export function requireDims(model: Model, dims: Readonly<Record<string, number>> = {}): void {
  const { graph } = model;
  const open = (values: readonly Value[]) => new Set(values.flatMap(({ shape }) => (shape ?? []).filter(isOpen).map(String)));
  const known = open([
    ...graph.feeds,
    ...graph.outputs,
    ...nodesOf(graph).flatMap(({ outputs }) => outputs.filter((each) => each !== undefined)),
  ]);
  for (const name of Object.keys(dims)) if (!known.has(name)) throw unknown(`open dimension "${name}"`, '--dims', [...open(graph.feeds)]);
}

/** A copy whose inputs have these shapes; dimensions of one name have one size. @throws OptionError for inputs that there are not, or shapes that do not fit. */
export function withShapes(source: Model, shapes: InputShapes): Model {
  const model = copyModel(source);
  requireShapes(model, shapes);
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

/** Whether a dimension has no size in the model. */
export const isOpen = (dim: Dim): dim is Exclude<Dim, number> => typeof dim !== 'number';

/** An input with its shape: "mask [1, length]". */
function stated({ name, shape }: Value): string {
  return `${name}${shape ? ` [${shape.join(', ')}]` : ''}`;
}

function unknown(what: string, where: string, known: readonly string[]): OptionError {
  return new OptionError({ what: `The model has no ${what}`, where, expected: known.length > 0 ? `one of ${known.join(', ')}` : 'none' });
}
