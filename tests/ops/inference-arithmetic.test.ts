import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GraphError } from 'espalier/base';
import { type AttributeLike, type Dim, Graph, GraphBuilder, SymbolicDim, Tensor, type Value } from 'espalier/onnx';
import { Inference } from 'espalier/ops';

const N = SymbolicDim.named('N');
const T = SymbolicDim.named('T');

/** A builder whose values are typed, and the inference that knows their contents. */
function typed(opset = 22) {
  const inference = new Inference(new Map([['', opset]]));
  const build = new GraphBuilder(new Graph(), { infer: (node) => inference.node(node) });
  const contents = (value: Value) => inference.integers(value)?.map(String);
  /** Sizes as an input of a graph: a vector of integers with known symbols. */
  const sizes = (...dims: Dim[]) => build.op('Shape', [build.input('x', 'float32', dims)]);
  return { build, contents, sizes };
}

function shapeOf(op: string, shapes: readonly (readonly Dim[])[], attributes: Record<string, AttributeLike> = {}): string {
  const { build } = typed();
  const inputs = shapes.map((shape) => build.input('x', 'float32', shape));
  return String(build.op(op, inputs, attributes).shape);
}

test('broadcasting keeps symbols: a size other than 1 wins, and two symbols meet in their maximum', () => {
  assert.equal(shapeOf('Add', [[N, 3], [3]]), 'N,3');
  assert.equal(
    shapeOf('Add', [
      [N, 3],
      [8, 1],
    ]),
    '8,3',
  );
  assert.equal(
    shapeOf('Add', [
      [N, 1],
      [N, T],
    ]),
    'N,T',
  );
  assert.equal(
    shapeOf('Add', [
      [N, 3],
      [T, 3],
    ]),
    'max(N,T),3',
  );
  assert.equal(shapeOf('Max', [[N, 1], [4], [1, 1, 1]]), '1,N,4');
  assert.throws(() => shapeOf('MatMul', [[], [5, 6]]), GraphError);
  assert.throws(
    () =>
      shapeOf('Mul', [
        [2, 3],
        [4, 3],
      ]),
    GraphError,
  );
});

test('matrix products', () => {
  assert.equal(
    shapeOf('MatMul', [
      [N, T, 4],
      [4, 5],
    ]),
    'N,T,5',
  );
  assert.equal(shapeOf('MatMul', [[4], [N, 4, 5]]), 'N,5');
  assert.equal(shapeOf('MatMul', [[N, 3, 4], [4]]), 'N,3');
  assert.equal(
    shapeOf(
      'Gemm',
      [
        [4, N],
        [5, 4],
      ],
      { transA: 1, transB: 1 },
    ),
    'N,5',
  );
  assert.equal(
    shapeOf(
      'Einsum',
      [
        [N, T, 4],
        [N, 3, 4],
      ],
      { equation: 'bqd, bkd -> bqk' },
    ),
    'N,T,3',
  );
  assert.equal(
    shapeOf(
      'Einsum',
      [
        [N, 2, 4],
        [4, 3],
      ],
      { equation: '...ij,jk' },
    ),
    'N,2,3',
  );
  assert.throws(
    () =>
      shapeOf('MatMul', [
        [3, 4],
        [5, 6],
      ]),
    GraphError,
  );
  assert.throws(
    () =>
      shapeOf('Gemm', [
        [3, 4],
        [5, 4],
      ]),
    GraphError,
  );
  assert.throws(
    () =>
      shapeOf(
        'Einsum',
        [
          [3, 4],
          [5, 6],
        ],
        { equation: 'ij,jk->ik' },
      ),
    GraphError,
  );
  assert.throws(() => shapeOf('Einsum', [[3, 4]], { equation: 'ijk->i' }), GraphError);
});

test('what is not known stays unknown, without an error', () => {
  const { build } = typed();
  const free = build.input('x', 'float32', [N]);
  free.type = { kind: 'tensor', dtype: 'float32' };
  const known = build.input('y', 'float32', [3, 4]);
  for (const op of ['Add', 'MatMul']) assert.equal(build.op(op, [free, known]).shape, undefined);
  for (const op of ['Relu', 'Softmax', 'ReduceSum', 'TopK', 'Hardmax', 'Det', 'ArgMax']) {
    const value = build.op(op, [free]);
    assert.equal(value.shape, undefined, op);
  }
  const axes = build.input('axes', 'int64', [1]);
  assert.equal(build.op('ReduceSum', [known, axes], { keepdims: 1 }).shape?.length, 2);
  assert.equal(build.op('ReduceSum', [known, axes], { keepdims: 0 }).shape?.length, 1);
});

test('sizes are followed through integer arithmetic', () => {
  const { build, contents, sizes } = typed();
  const shape = sizes(N, 6, T);
  const half = build.op('Div', [shape, build.scalar(2, 'int64')]);
  assert.deepEqual(contents(half), ['floor(N/2)', '3', 'floor(T/2)']);
  assert.deepEqual(contents(build.op('Mul', [shape, shape])), ['N*N', '36', 'T*T']);
  assert.deepEqual(contents(build.op('Sub', [shape, build.ints([1, 2, 3])])), ['N-1', '4', 'T-3']);
  assert.deepEqual(contents(build.op('Mod', [shape, build.scalar(4, 'int64')])), ['N-4*floor(N/4)', '2', 'T-4*floor(T/4)']);
  assert.deepEqual(contents(build.op('Max', [shape, build.scalar(4, 'int64')])), ['max(N,4)', '6', 'max(T,4)']);
  assert.deepEqual(contents(build.op('Clip', [shape, undefined, build.scalar(4, 'int64')])), ['min(N,4)', '4', 'min(T,4)']);
  assert.deepEqual(contents(build.op('ReduceProd', [shape], { keepdims: 0 })), ['6*N*T']);
  assert.deepEqual(contents(build.op('ReduceSum', [shape], { keepdims: 1 })), ['N+T+6']);
  assert.deepEqual(contents(build.op('Neg', [shape])), ['-N', '-6', '-T']);
});

test('sizes are followed through floating point where they stay whole', () => {
  const { build, contents, sizes } = typed();
  const float = build.op('Cast', [sizes(N, 5)], { to: 1 });
  assert.deepEqual(contents(build.op('Mul', [float, build.scalar(2)])), ['2*N', '10']);
  const scaled = build.op('Mul', [float, build.scalar(1.5)]);
  assert.equal(contents(build.op('Floor', [scaled]))?.[1], '7');
  assert.equal(contents(build.op('Ceil', [scaled]))?.[1], '8');
});

test('a size can be told from a negative number, so that the usual form of Expand with -1 is followed', () => {
  const { build, contents, sizes } = typed();
  const shape = sizes(N, 5);
  assert.deepEqual(contents(build.op('Equal', [shape, build.ints([-1, 5])])), ['0', '1']);
  assert.equal(contents(build.op('Equal', [shape, build.ints([3, 5])])), undefined);
  assert.deepEqual(contents(build.op('GreaterOrEqual', [shape, build.ints([-1, 6])])), ['1', '0']);
});

test('Range and ConstantOfShape take their sizes from shapes', () => {
  const { build, contents, sizes } = typed();
  const [zero, one, two] = [0, 1, 2].map((value) => build.scalar(value, 'int64'));
  const length = build.op('ReduceProd', [sizes(N)], { keepdims: 0 });
  assert.equal(String(build.op('Range', [zero, length, one]).shape), 'N');
  assert.equal(String(build.op('Range', [one, length, two]).shape), 'floor(N/2)');
  assert.deepEqual(contents(build.op('Range', [one, build.scalar(8, 'int64'), two])), ['1', '3', '5', '7']);
  assert.equal(String(build.op('Range', [build.scalar(0), build.scalar(1), build.scalar(0.3)]).shape), '4');
  assert.equal(String(build.op('Range', [build.scalar(4), build.scalar(0), build.scalar(1)]).shape), '0');
  assert.equal(String(build.op('ConstantOfShape', [sizes(N, 3)]).shape), 'N,3');
  const filled = build.op('ConstantOfShape', [build.ints([3])], { value: Tensor.from('int64', [1], [-1]) });
  assert.deepEqual(contents(filled), ['-1', '-1', '-1']);
});

test('reductions, rankings and losses', () => {
  const { build } = typed();
  const x = build.input('x', 'float32', [N, 3, T]);
  assert.equal(String(build.op('ReduceMean', [x, build.ints([-1])], { keepdims: 0 }).shape), 'N,3');
  assert.equal(String(build.op('ReduceMean', [x, build.ints([])], { noop_with_empty_axes: 1 }).shape), 'N,3,T');
  assert.equal(String(build.op('ReduceMean', [x], { keepdims: 1 }).shape), '1,1,1');
  assert.equal(String(build.op('ArgMax', [x], { axis: 1, keepdims: 0 }).shape), 'N,T');
  const [values, indices] = build.node('TopK', [x, build.ints([2])], { axis: 1 }, { outputs: 2 });
  assert.deepEqual([String(values.shape), indices.dtype], ['N,2,T', 'int64']);
  const labels = build.input('labels', 'int64', [N, T]);
  const [loss, log] = build.node('SoftmaxCrossEntropyLoss', [x, labels], { reduction: 'none' }, { outputs: 2 });
  assert.deepEqual([String(loss.shape), String(log.shape)], ['N,T', 'N,3,T']);
  assert.throws(() => build.op('TopK', [x, build.ints([4])], { axis: 1 }), GraphError);
  assert.throws(() => build.op('ReduceSum', [x, build.ints([3])]), GraphError);
  assert.throws(() => build.op('Softmax', [x], { axis: 3 }), GraphError);
});

test('transforms of signals', () => {
  const { build } = typed();
  const real = build.input('x', 'float32', [N, 16, 1]);
  const complex = build.input('z', 'float32', [N, 9, 2]);
  assert.equal(String(build.op('DFT', [real]).shape), 'N,16,2');
  assert.equal(String(build.op('DFT', [real], { onesided: 1 }).shape), 'N,9,2');
  assert.equal(String(build.op('DFT', [real, build.scalar(20, 'int64'), build.scalar(1, 'int64')], { onesided: 1 }).shape), 'N,11,2');
  assert.equal(String(build.op('DFT', [complex], { onesided: 1, inverse: 1 }).shape), 'N,16,1');
  const signal = build.input('s', 'float32', [N, T, 1]);
  const frames = build.op('STFT', [signal, build.scalar(8, 'int64'), undefined, build.scalar(16, 'int64')]);
  assert.equal(String(frames.shape), 'N,floor((T-16)/8)+1,9,2');
  assert.equal(String(build.op('HannWindow', [build.scalar(10, 'int64')], { output_datatype: 11 }).type?.kind), 'tensor');
});
