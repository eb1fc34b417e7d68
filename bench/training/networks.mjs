// The networks of the benchmark: the architectures, and two that are none of images. Each says how a batch of it is made and what PyTorch builds.
import { architecture } from 'espalier/architectures';
import { Random } from 'espalier/base';
import { Graph, Model, SymbolicDim, Tensor } from 'espalier/onnx';
import { typedBuilder } from 'espalier/ops';

export const CLASSES = 10;

/** An architecture on images of `size`. */
export function images(name, width, size, batch) {
  return {
    name,
    label: `${name} ×${width}, ${size}×${size}, batch ${batch}`,
    batch,
    model: architecture(name).build({ classes: CLASSES, width, input: [3, size, size] }),
    kind: 'images',
  };
}

/** Dense layers with ReLU between. */
export function mlp(sizes, batch) {
  const { model, build, weight } = network();
  let x = build.input('input', 'float32', [SymbolicDim.named('N'), sizes[0]]);
  sizes.slice(1).forEach((size, i) => {
    x = build.op('Gemm', [x, weight(`dense${i}.weight`, [size, sizes[i]]), weight(`dense${i}.bias`, [size])], { transB: 1 });
    if (i < sizes.length - 2) x = build.op('Relu', [x]);
  });
  build.output(x, 'scores');
  return { name: 'mlp', label: `MLP ${sizes.join('–')}, batch ${batch}`, batch, model, kind: 'mlp', sizes };
}

/** Embeddings, layers of attention and GELU with the normalization first, the mean over the places, a classifier. */
export function transformer({ layers, width, heads, length, vocabulary }, batch) {
  const { model, build, weight, ones } = network();
  const tokens = build.input('input', 'int64', [SymbolicDim.named('N'), length]);
  const norm = (x, name) =>
    build.op('LayerNormalization', [x, ones(`${name}.scale`, [width]), weight(`${name}.bias`, [width])], { axis: -1 });
  const dense = (x, name, from, to) =>
    build.op('Add', [build.op('MatMul', [x, weight(`${name}.weight`, [from, to])]), weight(`${name}.bias`, [to])]);
  const split = (x) => build.op('Reshape', [x, build.ints([0, length, heads, width / heads])]);
  let x = build.op('Add', [build.op('Gather', [weight('embedding', [vocabulary, width]), tokens]), weight('places', [length, width])]);
  for (let layer = 0; layer < layers; layer++) {
    const normal = norm(x, `norm${layer}a`);
    const [q, k, v] = ['q', 'k', 'v'].map((part) => split(dense(normal, `${part}${layer}`, width, width)));
    const scores = build.op('MatMul', [
      build.op('Transpose', [q], { perm: [0, 2, 1, 3] }),
      build.op('Transpose', [k], { perm: [0, 2, 3, 1] }),
    ]);
    const shares = build.op('Softmax', [build.op('Mul', [scores, build.scalar(1 / Math.sqrt(width / heads))])], { axis: -1 });
    const read = build.op('Transpose', [build.op('MatMul', [shares, build.op('Transpose', [v], { perm: [0, 2, 1, 3] })])], {
      perm: [0, 2, 1, 3],
    });
    x = build.op('Add', [x, dense(build.op('Reshape', [read, build.ints([0, length, width])]), `out${layer}`, width, width)]);
    const wide = build.op('Gelu', [dense(norm(x, `norm${layer}b`), `up${layer}`, width, 4 * width)]);
    x = build.op('Add', [x, dense(wide, `down${layer}`, 4 * width, width)]);
  }
  const mean = build.op('ReduceMean', [norm(x, 'norm'), build.ints([1])], { keepdims: 0 });
  build.output(build.op('Gemm', [mean, weight('head.weight', [CLASSES, width]), weight('head.bias', [CLASSES])], { transB: 1 }), 'scores');
  return {
    name: 'transformer',
    label: `transformer encoder, ${layers} layers of ${width}, ${heads} heads, length ${length}, batch ${batch}`,
    batch,
    model,
    kind: 'transformer',
    config: { layers, width, heads, length, vocabulary },
  };
}

/** A graph under construction; weights are normal with a small deviation, biases too. */
function network() {
  const graph = new Graph('bench');
  const model = new Model(graph, 21);
  model.irVersion = 10;
  const build = typedBuilder(graph, model.opsets);
  const tensor = (shape, make) => Tensor.of('float32', shape, Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, make));
  return {
    model,
    build,
    weight: (name, shape) => {
      const random = new Random(name);
      return build.parameter(
        name,
        tensor(shape, () => 0.05 * random.normal()),
      );
    },
    ones: (name, shape) =>
      build.parameter(
        name,
        tensor(shape, () => 1),
      ),
  };
}

/** The rows of the table. */
export const CASES = [
  () => images('survey-cnn', 0.25, 32, 128),
  () => images('survey-cnn', 1, 32, 128),
  () => images('resnet-8', 1, 32, 128),
  () => images('resnet-20', 1, 32, 128),
  () => images('mobilenet', 1, 64, 64),
  () => transformer({ layers: 4, width: 128, heads: 4, length: 128, vocabulary: 8000 }, 32),
  () => mlp([784, 512, 512, 10], 256),
];
