import { sizeOf } from '../../../../base/index.js';
import {
  type AttributeLike,
  type DataType,
  Graph,
  type GraphBuilder,
  Model,
  SymbolicDim,
  Tensor,
  tensorType,
  type Value,
} from '../../../../onnx/index.js';
import { typedBuilder } from '../../../../ops/index.js';

/** An input of a sample: data that is made up for each run, its first dimension left open or not; or a constant. */
export type SampleInput = { readonly shape: readonly number[]; readonly dtype?: DataType; readonly open?: boolean } | Tensor | undefined;

/** One layer to be timed. */
export interface Sample {
  readonly op: string;
  readonly inputs: readonly SampleInput[];
  readonly attributes?: Readonly<Record<string, AttributeLike>>;
  readonly domain?: string;
  /** Number of outputs. Default 1. */
  readonly outputs?: number;
  /** Whether constants are inputs with defaults, too, as some exporters write them. */
  readonly replaceable?: boolean;
  /** Whether what it makes are outputs of the model. */
  readonly atEdge?: boolean;
}

/** What nodes of samples are called. */
export const SAMPLE = 'sample';

/** Types that Abs takes, so that data of a sample is made by another node, in the runtime's own memory, as data of a layer is. */
const MADE = new Set<DataType>(['float32', 'int32', 'int64', 'int8', 'uint8']);

/** A model in which samples lie side by side. What they make is read by another node, since outputs of a model are new memory in every run. */
export function modelOf(samples: readonly Sample[]): Model {
  const graph = new Graph('calibration');
  const opsets = new Map([
    ['', 20],
    ['com.microsoft', 1],
  ]);
  const build = typedBuilder(graph, opsets);
  samples.forEach(({ op, inputs, attributes, domain = '', outputs = 1, replaceable = false, atEdge = false }, index) => {
    const values = inputs.map((input, place) => input && operandOf(build, input, `x${index}_${place}`, replaceable));
    for (const made of build.node(op, values, attributes, { outputs, domain, name: SAMPLE })) {
      if (atEdge) {
        build.output(made);
        continue;
      }
      const rank = made.shape?.length ?? 0;
      const read = rank === 0 ? build.op('Unsqueeze', [made, build.ints([0])]) : made;
      build.output(build.op('GatherND', [read, build.ints(new Array(Math.max(1, rank)).fill(0))]));
    }
  });
  const model = new Model(graph);
  for (const [domain, version] of opsets) model.opsets.set(domain, version);
  return model;
}

function operandOf(build: GraphBuilder, input: Exclude<SampleInput, undefined>, name: string, replaceable: boolean): Value {
  if (input instanceof Tensor) {
    if (!replaceable) return build.constant(input);
    const value = build.parameter(name, input);
    value.type = tensorType(input.dtype, input.shape);
    build.graph.inputs.push(value);
    return value;
  }
  const { shape, dtype = 'float32', open = false } = input;
  const given = build.input(name, dtype, open ? [SymbolicDim.named(name), ...shape.slice(1)] : shape);
  return MADE.has(dtype) ? build.op('Abs', [given]) : given;
}

/** Numbers that are made up for each run. */
export function data(...shape: number[]): SampleInput {
  return { shape };
}

/** A constant list of integers: axes, sizes, indices. */
export function ints(...values: number[]): Tensor {
  return Tensor.from('int64', [values.length], values);
}

/** A constant of small numbers, none of them zero. */
export function weight(...shape: number[]): Tensor {
  return typedWeight('float32', ...shape);
}

export function typedWeight(dtype: DataType, ...shape: number[]): Tensor {
  const scale = dtype === 'float32' ? 0.01 : 1;
  return Tensor.from(
    dtype,
    shape,
    Array.from({ length: sizeOf(shape) }, (_, i) => (((i * 7919) % 61) - 30.5) * scale),
  );
}
