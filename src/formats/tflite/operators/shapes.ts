import { sizeOf } from '../../../base/index.js';
import { codeOf, type Node, type Value } from '../../../onnx/index.js';
import { channelsLast, channelsSecond, keepsOrder, type Layout, range } from '../layout.js';
import type { ReadContext } from '../reading/context.js';
import { isOrderless } from '../reading/values.js';
import type { Builtin } from '../wire/builtins.js';
import type { WriteContext } from '../writing/context.js';
import type { Family } from './entry.js';
import { writeFlattened } from './flatten.js';

/** Numbers in their order; where moving channels keeps it, in the layout that is there. */
function inOrder(context: ReadContext): Value {
  const info = context.info(0);
  const isMoved = context.layoutOf(0) === 'other' && isOrderless(info);
  return context.real(0, isMoved ? 'other' : 'own');
}

function readReshape(context: ReadContext): void {
  const { build } = context;
  if (context.has(1)) {
    const sizes = context.constant(1) ? build.ints(sizesIn(context, context.integers(1, 'The sizes'))) : context.int64(1);
    context.output(context.op('Reshape', [inOrder(context), sizes]));
    return;
  }
  const { shape } = context.options('ReshapeOptions');
  context.output(context.op('Reshape', [inOrder(context), build.ints(sizesIn(context, shape ?? [...(context.outputs[0]?.shape ?? [])]))]));
}

/** A size of 0 would copy the one before in ONNX. */
function sizesIn(context: ReadContext, sizes: number[]): number[] {
  if (sizes.includes(0)) context.refuse('a size of its result is 0');
  return sizes;
}

function readSqueeze(context: ReadContext): void {
  const { shape = [] } = context.info(0);
  const given = context.options('SqueezeOptions').axes ?? [];
  const axes =
    given.length > 0
      ? given.map((axis) => context.axisIn('own', axis, shape.length))
      : range(shape.length).filter((axis) => shape[axis] === 1);
  context.output(context.op('Squeeze', [context.real(0), context.build.ints(axes)]));
}

function readExpandDims(context: ReadContext): void {
  const axes = context.integers(1, 'The axes');
  context.output(context.op('Unsqueeze', [context.real(0), context.build.ints(axes)]));
}

/** A Transpose that only moves channels is how they lie already, or will. */
function readTranspose(context: ReadContext): void {
  const order = context.integers(1, 'The order of axes');
  const rank = context.rank(0);
  if ([...order].sort((a, b) => a - b).some((axis, i) => axis !== i) || order.length !== rank)
    context.fail('The order of axes is none', `a permutation of ${rank} axes`, `[${order}]`);
  const isSame = (other: readonly number[]) => rank >= 3 && order.every((axis, i) => axis === other[i]);
  if (isSame(channelsSecond(rank))) {
    context.output(context.real(0, 'other'));
    return;
  }
  if (isSame(channelsLast(rank))) {
    context.output(context.real(0), 'other');
    return;
  }
  context.output(context.op('Transpose', [context.real(0)], { perm: order }));
}

function readShape(context: ReadContext): void {
  const shape = context.build.op('Shape', [context.stored(0)]);
  context.outputStored(context.outputs[0]?.dtype === 'int64' ? shape : context.op('Cast', [shape], { to: codeOf('int32') }));
}

function readBroadcast(context: ReadContext): void {
  context.output(context.op('Expand', [context.real(0), context.int64(1)]));
}

function readTile(context: ReadContext): void {
  context.output(context.op('Tile', [context.real(0), context.int64(1)]));
}

function readBlocks(context: ReadContext, op: string, block: number): void {
  if (context.rank(0) !== 4 || !(block > 0)) context.fail('The data is no image, or there are no blocks');
  context.output(context.op(op, [context.real(0, 'other')], { blocksize: block, ...(op === 'DepthToSpace' && { mode: 'DCR' }) }), 'other');
}

/** Any change of shape that keeps the order of numbers. */
function writeReshape(w: WriteContext): void {
  if (writeFlattened(w)) return;
  const { shape } = w.writer.sizes(w.value(0));
  const layout: Layout = w.layoutOf(0) === 'other' && keepsOrder(shape, channelsLast(shape.length)) ? 'other' : 'own';
  w.hold(w.writer.reshaped(w.input(0, layout), w.facts('own')), 'own');
}

/** Where only channels move, nothing does: the tensor is seen in the other layout. */
function writeTranspose(w: WriteContext, node: Node): void {
  const rank = w.rank(0);
  const order = node.ints('perm', range(rank).reverse());
  const isSame = (other: readonly number[]) => rank >= 3 && order.every((axis, i) => axis === other[i]);
  if (isSame(channelsLast(rank)) && w.layoutOf(0) === 'other') {
    w.hold(w.input(0, 'other'), 'own');
    return;
  }
  if (isSame(channelsSecond(rank)) && w.layoutOf(0) === 'own') {
    w.hold(w.input(0, 'own'), 'other');
    return;
  }
  w.emit('TRANSPOSE', [w.input(0), w.list(order, 'order')], { options: { name: 'TransposeOptions', values: {} } });
}

function writeExpand(w: WriteContext): void {
  const facts = w.facts('own');
  if (facts.signature?.includes(-1)) w.refuse('the size of its result is open');
  w.emit('BROADCAST_TO', [w.input(0), w.list(facts.shape)], { options: { name: 'BroadcastToOptions', values: {} }, version: 2 });
}

function writeTile(w: WriteContext): void {
  w.emit('TILE', [w.input(0), w.list(w.integers(1, 'The repeats'), 'repeats')], { options: { name: 'TileOptions', values: {} } });
}

/** `mode` is DepthToSpace's alone. */
function writeBlocks(name: Builtin, options: 'DepthToSpaceOptions' | 'SpaceToDepthOptions') {
  return (w: WriteContext, node: Node): void => {
    if (node.string('mode', 'DCR') !== 'DCR') w.refuse('its channels come first (CRD)');
    const values = { block: node.int('blocksize', 1) };
    w.emit(name, [w.input(0, 'other')], { layout: 'other', options: { name: options, values }, version: 1 });
  };
}

/** A size that is asked for when it runs. */
function writeShape(w: WriteContext): void {
  const { shape } = w.writer.sizes(w.result);
  w.refuse(`it asks for ${sizeOf(shape)} sizes when it runs; give --shape, so that they are known before`);
}

const moves = { integer: 'same' } as const;

/** Operators that give the same numbers another shape or order. */
export const shapes: Family = {
  RESHAPE: {
    version: 2,
    read: readReshape,
    write: Object.fromEntries(
      ['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Identity'].map((op) => [op, { ...moves, known: [1], write: writeReshape }]),
    ),
  },
  SQUEEZE: { version: 2, read: readSqueeze },
  EXPAND_DIMS: { version: 1, read: readExpandDims },
  TRANSPOSE: { version: 7, read: readTranspose, write: { Transpose: { ...moves, write: writeTranspose } } },
  SHAPE: { version: 1, read: readShape, write: { Shape: { write: writeShape } } },
  BROADCAST_TO: { version: 3, read: readBroadcast, write: { Expand: { known: [1], write: writeExpand } } },
  TILE: { version: 3, read: readTile, write: { Tile: { write: writeTile } } },
  DEPTH_TO_SPACE: {
    version: 2,
    read: (context) => readBlocks(context, 'DepthToSpace', context.options('DepthToSpaceOptions').block),
    write: { DepthToSpace: { ...moves, write: writeBlocks('DEPTH_TO_SPACE', 'DepthToSpaceOptions') } },
  },
  SPACE_TO_DEPTH: {
    version: 2,
    read: (context) => readBlocks(context, 'SpaceToDepth', context.options('SpaceToDepthOptions').block),
    write: { SpaceToDepth: { ...moves, write: writeBlocks('SPACE_TO_DEPTH', 'SpaceToDepthOptions') } },
  },
};
