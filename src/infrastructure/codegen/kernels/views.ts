import type { Value } from '../../../onnx/index.js';
import { number } from '../loops/index.js';
import { broadcast, computedOperand, type Operand, reshaped, sliced, transposed } from '../operands/index.js';
import type { KernelRule, RuleContext } from './rule.js';

const view = (of: (context: RuleContext) => Operand | readonly Operand[]): KernelRule => ({
  kind: 'view',
  view: (context) => [of(context)].flat() as readonly Operand[],
});

/** The same elements under the output's shape, which inference knows. */
const reshapes = view((context) => reshaped(context.input(0), context.shape()));

function transpose(context: RuleContext): Operand {
  const x = context.input(0);
  const order = context.node.ints('perm', undefined) ?? x.shape.map((_, axis) => x.shape.length - 1 - axis);
  return transposed(x, order);
}

function slice(context: RuleContext): Operand {
  const x = context.input(0);
  const [starts, axes, steps] = [context.integers(1), context.integers(3), context.integers(4)];
  const from = x.shape.map(() => 0);
  const by = x.shape.map(() => 1);
  (axes ?? (starts ?? []).map((_, each) => each)).forEach((given, each) => {
    const axis = given < 0 ? given + x.shape.length : given;
    const size = x.shape[axis];
    const step = steps?.[each] ?? 1;
    const start = (starts?.[each] ?? 0) + ((starts?.[each] ?? 0) < 0 ? size : 0);
    from[axis] = step > 0 ? Math.min(Math.max(start, 0), size) : Math.min(Math.max(start, 0), size - 1);
    by[axis] = step;
  });
  return sliced(x, from, by, context.shape());
}

function split(context: RuleContext): Operand[] {
  const x = context.input(0);
  const axis = (context.node.int('axis', 0) + x.shape.length) % x.shape.length;
  let start = 0;
  return context.node.outputs.map((_, each) => {
    const shape = context.shape(each);
    const starts = x.shape.map((_size, other) => (other === axis ? start : 0));
    start += shape[axis];
    return sliced(
      x,
      starts,
      x.shape.map(() => 1),
      shape,
    );
  });
}

/** Channels come in blocks, blocks in channels (DCR) or channels in blocks (CRD). */
function depthToSpace(context: RuleContext): Operand {
  const x = context.input(0);
  const block = context.node.int('blocksize', 1);
  const [n, c, h, w] = x.shape;
  const columns = context.node.string('mode', 'DCR') === 'CRD';
  const depth = c / (block * block);
  const split = columns ? [n, depth, block, block, h, w] : [n, block, block, depth, h, w];
  const order = columns ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2];
  return reshaped(transposed(reshaped(x, split), order), context.shape());
}

function spaceToDepth(context: RuleContext): Operand {
  const x = context.input(0);
  const block = context.node.int('blocksize', 1);
  const [n, c, h, w] = x.shape;
  return reshaped(transposed(reshaped(x, [n, c, h / block, block, w / block, block]), [0, 3, 5, 1, 2, 4]), context.shape());
}

/** Repeats along each axis: an index of the result is one of the input, plus a multiple of its size. */
function tile(context: RuleContext): Operand {
  const x = context.input(0);
  const shape = context.shape();
  const inner = shape.flatMap((size, axis) => [size / Math.max(1, x.shape[axis]), x.shape[axis]]);
  const spread = reshaped(
    x,
    x.shape.flatMap((size) => [1, size]),
  );
  return reshaped(broadcast(spread, inner), shape);
}

/** Nothing, outside of training; the mask says that all is kept. */
function dropout(context: RuleContext): Operand[] {
  const trains = context.has(2) && context.constant(2)?.numbers()[0] !== 0;
  if (trains && context.constant(1)?.numbers()[0] !== 0) context.refuse('it drops at random, as in training');
  const x = context.input(0);
  return [x, computedOperand(x.shape, 'u8', () => number(1))];
}

export const views: Readonly<Record<string, KernelRule>> = {
  Constant: view((context) => context.operand(context.node.outputs[0] as Value)),
  DepthToSpace: view(depthToSpace),
  Dropout: view(dropout),
  Expand: view((context) => broadcast(context.input(0), context.shape())),
  Flatten: reshapes,
  Reshape: reshapes,
  Slice: view(slice),
  SpaceToDepth: view(spaceToDepth),
  Split: view(split),
  Squeeze: reshapes,
  Tile: view(tile),
  Transpose: view(transpose),
  Unsqueeze: reshapes,
};
