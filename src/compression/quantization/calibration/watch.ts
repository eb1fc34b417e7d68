import { copyModel, type Graph, type Model, type Value } from '../../../onnx/index.js';
import { typedBuilder } from '../../../ops/index.js';

/** The outputs that tell of one value: itself where it is small, else every so-manieth of its numbers and their extremes. */
export interface Watched {
  readonly sample: string;
  /** Scalars, absent where the sample is all there is. */
  readonly extremes?: { readonly min: string; readonly max: string };
}

/**
 * A copy of a model that hands out what is to be known of its inner values, and nothing else, so that what leaves the runtime does not grow with them: of
 * a large value its extremes and numbers at even steps.
 * @param steps by the value's name: 1 hands out all its numbers.
 */
export function watching(source: Model, steps: ReadonlyMap<string, number>): { model: Model; watched: ReadonlyMap<string, Watched> } {
  const model = copyModel(source);
  const { graph } = model;
  const build = typedBuilder(graph, model.opsets);
  const values = lastFirst(graph, (value) => steps.has(value.name));
  graph.outputs.length = 0;
  const handOut = (value: Value) => {
    if (!graph.outputs.includes(value)) graph.outputs.push(value);
    return value.name;
  };
  const watched = values.map((value): readonly [string, Watched] => {
    const step = steps.get(value.name) ?? 1;
    if (step <= 1) return [value.name, { sample: handOut(value) }];
    const line = build.op('Reshape', [value, build.ints([-1])]);
    const sample = build.op('Slice', [line, build.ints([0]), build.ints([2 ** 40]), build.ints([0]), build.ints([step])]);
    const [min, max] = ['ReduceMin', 'ReduceMax'].map((op) => handOut(build.op(op, [value], { keepdims: 0 })));
    return [value.name, { sample: handOut(sample), extremes: { min, max } }];
  });
  return { model, watched: new Map(watched) };
}

/**
 * The values of a graph that are to be looked at, in the order in which what looks at them is appended. ONNX Runtime begins with what the last node that
 * nobody reads needs: appended the other way round, every value would live until the run's end.
 */
export function lastFirst(graph: Graph, wanted: (value: Value) => boolean): Value[] {
  return [...graph.values()].filter(wanted).reverse();
}

/**
 * The smallest step that leaves at most `most` of a value's numbers and has no factor in common with its sizes: steps that divide a row would meet the
 * same columns only.
 */
export function stepOf(shape: readonly number[], most: number): number {
  const size = shape.reduce((product, dim) => product * dim, 1);
  let step = Math.max(1, Math.ceil(size / most));
  while (step > 1 && shape.some((dim) => commonDivisor(dim, step) > 1)) step++;
  return step;
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
