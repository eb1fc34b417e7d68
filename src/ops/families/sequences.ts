import { type Dim, dtypeOf, SymbolicDim, tensorType, type ValueType } from '../../onnx/index.js';
import { type Family, type InferContext, type InferRule, type Inferred, noMacs, type OpRule, refuses } from '../rule.js';
import { normalizeAxis } from '../shared/axes.js';
import { numbersOf, tensorOf, unifyTypes } from '../shared/inferred.js';

/** The type that every element of a sequence input has. */
function elementOf(context: InferContext, index = 0): ValueType | undefined {
  const type = context.type(index);
  return type?.kind === 'sequence' ? type.element : undefined;
}

function sequenceOf(element: ValueType | undefined): Inferred {
  return { type: { kind: 'sequence', element } };
}

const inferConstruct: InferRule = (context) => {
  const types = context.node.inputs.map((_, index) => context.type(index));
  return [sequenceOf(types.reduce(unifyTypes))];
};

const inferInsert: InferRule = (context) => {
  const element = elementOf(context);
  return [sequenceOf(element ? unifyTypes(element, context.type(1)) : context.type(1))];
};

const inferAt: InferRule = (context) => {
  const element = elementOf(context);
  return [element && { type: element }];
};

/** Parts of a SplitToSequence: of given sizes, or all of one size but for the last. */
const inferSplit: InferRule = (context) => {
  const { node } = context;
  const shape = context.shape(0);
  const dtype = context.dtype(0);
  if (!shape) return [sequenceOf(tensorType(dtype))];
  const axis = normalizeAxis(node, node.int('axis', 0), shape.length);
  if (!context.has(1)) {
    const part = node.int('keepdims', 1) === 1 ? shape.with(axis, 1) : shape.toSpliced(axis, 1);
    return [sequenceOf(tensorType(dtype, part))];
  }
  const size = partSize(shape[axis], numbersOf(context, 1), context.shape(1)?.length === 0);
  return [sequenceOf(tensorType(dtype, shape.with(axis, size)))];
};

function partSize(whole: Dim, sizes: readonly number[] | undefined, equal: boolean): Dim {
  if (!sizes || sizes.length === 0) return SymbolicDim.unknown();
  if (equal) return typeof whole === 'number' && whole % sizes[0] === 0 ? sizes[0] : SymbolicDim.unknown();
  return sizes.every((size) => size === sizes[0]) ? sizes[0] : SymbolicDim.unknown();
}

const inferJoin: InferRule = (context) => {
  const { node } = context;
  const element = elementOf(context);
  if (element?.kind !== 'tensor') return [tensorOf(undefined, undefined)];
  const { dtype, shape } = element;
  if (!shape) return [tensorOf(dtype, undefined)];
  const axis = node.int('axis', 0);
  if (node.int('new_axis', 0) === 0) return [tensorOf(dtype, shape.with(normalizeAxis(node, axis, shape.length), SymbolicDim.unknown()))];
  return [tensorOf(dtype, shape.toSpliced(normalizeAxis(node, axis, shape.length + 1), 0, SymbolicDim.unknown()))];
};

/** A body run over the elements of a sequence; other inputs are sequences of the same length, or given whole to every run. */
const inferMap: InferRule = (context) => {
  const body = context.node.subgraph('body');
  if (!body) return [];
  const inputs = context.node.inputs.map((_, index): Inferred => {
    const type = context.type(index);
    const each = type?.kind === 'sequence' ? type.element : type;
    return each && { type: each };
  });
  return context.subgraph(body, inputs).map((each) => sequenceOf(each?.type));
};

const reason = 'the elements of a sequence are not followed';

function rule(infer: InferRule): OpRule {
  return { infer, macs: noMacs, gradient: refuses(reason), coupling: refuses(reason), quantization: { kind: 'float' }, upgrades: {} };
}

/** Sequences of tensors. */
export const sequences: Family = {
  ConcatFromSequence: rule(inferJoin),
  SequenceAt: rule(inferAt),
  SequenceConstruct: rule(inferConstruct),
  SequenceEmpty: rule(({ node }) => [sequenceOf(tensorType(dtypeOf(node.int('dtype', 1))))]),
  SequenceErase: rule((context) => [sequenceOf(elementOf(context))]),
  SequenceInsert: rule(inferInsert),
  SequenceLength: rule(() => [tensorOf('int64', [])]),
  SequenceMap: rule(inferMap),
  SplitToSequence: rule(inferSplit),
};
