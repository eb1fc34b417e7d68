import { sizeOf } from '../../../base/index.js';
import { codeOf, type Node, type Value } from '../../../onnx/index.js';
import { type Layout, range } from '../layout.js';
import type { ReadContext } from '../reading/context.js';
import type { WriteContext } from '../writing/context.js';
import type { Family } from './entry.js';

function readConcatenation(context: ReadContext): void {
  const { axis, activation } = context.options('ConcatenationOptions');
  const indices = range(context.inputs.length);
  if (indices.length === 0) context.fail('There are no inputs');
  const rank = context.rank(0);
  if (indices.some((index) => context.rank(index) !== rank)) context.fail('The inputs have different ranks');
  const layout = context.layoutOf(...indices);
  const parts = indices.map((index) => context.real(index, layout));
  context.output(context.op('Concat', parts, { axis: context.axisIn(layout, axis, rank) }), layout, { activation });
}

function readSplit(context: ReadContext, data: number, axis: number, sizes: readonly number[] | undefined): void {
  const rank = context.rank(data);
  const layout = context.layoutOf(data);
  const count = context.outputs.length;
  const whole = context.info(data).shape?.[context.axisIn('own', axis, rank)] ?? -1;
  const open = sizes?.indexOf(-1) ?? -1;
  const rest = whole - (sizes ?? []).reduce((sum, size) => sum + Math.max(size, 0), 0);
  const known = open < 0 ? sizes : sizes?.map((size, i) => (i === open ? rest : size));
  if (count === 0 || (known && (known.length !== count || known.some((size) => size < 0))))
    context.fail('The sizes of the parts do not fit', `${count} of them`, `[${known}]`);
  const attributes = { axis: context.axisIn(layout, axis, rank), ...(!known && { num_outputs: count }) };
  const parts = context.build.node('Split', [context.real(data, layout), known && context.build.ints(known)], attributes, {
    outputs: count,
    name: context.name,
  });
  parts.forEach((part, index) => {
    context.output(part, layout, { index });
  });
}

function readPack(context: ReadContext): void {
  const { axis } = context.options('PackOptions');
  const indices = range(context.inputs.length);
  if (indices.length === 0) context.fail('There are no inputs');
  const at = context.axisIn('own', axis, context.rank(0) + 1);
  const parts = indices.map((index) => context.build.op('Unsqueeze', [context.real(index), context.build.ints([at])]));
  context.output(context.op('Concat', parts, { axis: at }));
}

function readUnpack(context: ReadContext): void {
  const at = context.axisIn('own', context.options('UnpackOptions').axis, context.rank(0));
  const count = context.outputs.length;
  const parts =
    count === 1 ? [context.real(0)] : context.build.node('Split', [context.real(0)], { axis: at, num_outputs: count }, { outputs: count });
  parts.forEach((part, index) => {
    context.output(context.build.op('Squeeze', [part, context.build.ints([at])]), 'own', { index });
  });
}

function readGather(context: ReadContext): void {
  const { axis, batchDims } = context.options('GatherOptions');
  if (batchDims !== 0) context.refuse('it gathers from each sample by indices of its own (batch_dims)');
  context.output(context.op('Gather', [context.real(0), context.stored(1)], { axis: context.axisIn('own', axis, context.rank(0)) }));
}

function readGatherNd(context: ReadContext): void {
  context.output(context.op('GatherND', [context.real(0), context.int64(1)]));
}

/** The largest or smallest along an axis: an index. */
function readArg(context: ReadContext, op: string): void {
  const [axis] = context.integers(1, 'The axes');
  const layout = context.layoutOf(0);
  const made = context.op(op, [context.real(0, layout)], { axis: context.axisIn(layout, axis, context.rank(0)), keepdims: 0 });
  context.outputStored(context.outputs[0]?.dtype === 'int64' ? made : context.build.op('Cast', [made], { to: codeOf('int32') }));
}

/** Integers on other grids than the result's are brought to that first. */
function kindOfConcat({ outputs: [result] }: Node): 'free' | 'same' {
  return result?.users.every(({ op }) => op === 'QuantizeLinear') ? 'free' : 'same';
}

function writeConcat(w: WriteContext, node: Node): void {
  const indices = range(node.inputs.length);
  const layout = w.layoutOf(...indices);
  const axis = w.axisIn(layout, node.int('axis', 0), w.rank(0));
  w.emit(
    'CONCATENATION',
    indices.map((index) => (w.isInteger ? w.inputOnGrid(index, layout) : w.input(index, layout))),
    { layout, options: { name: 'ConcatenationOptions', values: { axis } } },
  );
}

function writeSplit(w: WriteContext, node: Node): void {
  const rank = w.rank(0);
  const layout: Layout = w.layoutOf(0);
  const axis = w.axisIn(layout, node.int('axis', 0), rank);
  const outputs = node.outputs.map((output) => output as Value);
  if (outputs.some((output) => !output)) w.refuse('a part of it is not wanted');
  const sizes = outputs.map((output) => w.writer.sizes(output, layout).shape[axis]);
  const facts = outputs.map((_, index) => w.facts(layout, index));
  const made = facts.map((each) => w.writer.tensor(each));
  const inputs = [w.input(0, layout), w.list(sizes, 'sizes'), w.list([axis], 'axis', [])];
  w.writer.operatorInto('SPLIT_V', inputs, made, { name: 'SplitVOptions', values: { parts: sizes.length } });
  made.forEach((tensor, index) => {
    w.hold(tensor, layout, index);
  });
}

function writeGather(w: WriteContext, node: Node): void {
  const rank = w.rank(0);
  const axis = w.axisIn('own', node.int('axis', 0), rank);
  const constant = w.constant(1);
  const indices = constant
    ? w.writer.integers(`${w.value(1).name}`, positive(w, [...constant.numbers()], axis), constant.shape)
    : w.inputReal(1);
  w.emit('GATHER', [w.input(0), indices], { options: { name: 'GatherOptions', values: { axis } } });
}

/** Indices from the end are from the beginning in TensorFlow Lite. */
function positive(w: WriteContext, indices: readonly number[], axis: number): number[] {
  return indices.map((index) => (index < 0 ? index + w.shape(0)[axis] : index));
}

function writeArg(name: 'ARG_MAX' | 'ARG_MIN') {
  return (w: WriteContext, node: Node): void => {
    if (node.int('select_last_index', 0) !== 0) w.refuse('it gives the last of equal ones');
    const rank = w.rank(0);
    const layout = w.layoutOf(0);
    const axis = w.axisIn(layout, node.int('axis', 0), rank);
    const { shape, signature } = w.writer.sizes(w.result);
    if (node.int('keepdims', 1) !== 0 && sizeOf(shape) === 0) w.refuse('it is empty');
    const without = <T>(sizes: readonly T[]) =>
      sizes.filter((_, at) => node.int('keepdims', 1) === 0 || at !== w.axisIn('own', node.int('axis', 0), rank));
    const facts = { name: `${w.result.name}_index`, dtype: 'int64' as const, shape: without(shape), signature: without(signature) };
    const options = { name: name === 'ARG_MAX' ? 'ArgMaxOptions' : 'ArgMinOptions', values: { type: 4 } } as const;
    const made = w.writer.operator(name, [w.inputReal(0, layout), w.list([axis], 'axis', [])], facts, options, 1);
    w.hold(facts.shape.length === shape.length ? made : w.writer.reshaped(made, w.facts('own')), 'own');
  };
}

/** Operators that put tensors together and take them apart. */
export const joining: Family = {
  CONCATENATION: { version: 4, read: readConcatenation, write: { Concat: { integer: kindOfConcat, write: writeConcat } } },
  SPLIT: {
    version: 4,
    read: (context) => readSplit(context, 1, context.integers(0, 'The axes')[0], undefined),
  },
  SPLIT_V: {
    version: 2,
    read: (context) => readSplit(context, 0, context.integers(2, 'The axes')[0], context.integers(1, 'The sizes of the parts')),
    write: { Split: { integer: 'same', write: writeSplit } },
  },
  PACK: { version: 4, read: readPack },
  UNPACK: { version: 4, read: readUnpack },
  GATHER: { version: 7, read: readGather, write: { Gather: { integer: 'same', write: writeGather } } },
  GATHER_ND: { version: 5, read: readGatherNd },
  ARG_MAX: { version: 3, read: (context) => readArg(context, 'ArgMax'), write: { ArgMax: { write: writeArg('ARG_MAX') } } },
  ARG_MIN: { version: 3, read: (context) => readArg(context, 'ArgMin'), write: { ArgMin: { write: writeArg('ARG_MIN') } } },
};
