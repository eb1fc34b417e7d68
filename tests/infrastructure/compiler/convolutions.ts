import { Random } from 'espalier/base';
import { Graph, GraphBuilder, Model, Tensor, tensorType } from 'espalier/onnx';

/** Convolutions of images of 3 to 16 channels, one of a line, four in groups. ONNX Runtime's WebGPU provider by itself gets six of them wrong. */
export function convolutions(opset: number): { model: Model; x: () => Tensor }[] {
  const cases: [image: number[], kernel: number[], attributes?: Record<string, number | number[]>][] = [
    [[2, 3, 8, 8], [4, 3, 3, 3], { pads: [1, 1, 1, 1] }],
    [[2, 6, 8, 8], [4, 6, 3, 3], { pads: [1, 1, 1, 1] }],
    [[1, 15, 4, 16], [8, 15, 3, 3], { dilations: [1, 4] }],
    [[2, 9, 9, 9], [4, 9, 1, 1], { strides: [2, 2] }],
    [
      [2, 9, 8],
      [4, 9, 3],
    ],
    [
      [2, 6, 8, 8],
      [5, 6, 3, 3],
    ],
    [[2, 12, 8, 8], [4, 6, 3, 3], { group: 2 }],
    [[2, 4, 8, 8], [36, 1, 3, 3], { group: 4, strides: [2, 2], pads: [1, 1, 1, 1] }],
    [[2, 6, 8, 8], [10, 3, 3, 3], { group: 2 }],
    [[2, 3, 8, 8], [27, 1, 3, 3], { group: 3 }],
    [
      [2, 16, 8, 8],
      [4, 16, 3, 3],
    ],
  ];
  return cases.map(([image, kernel, attributes], index) => {
    const graph = new Graph('convolution');
    const build = new GraphBuilder(graph);
    const convolved = build.op('Conv', [build.input('x', 'float32', image), build.parameter('kernel', normal(kernel, index))], {
      kernel_shape: kernel.slice(2),
      ...attributes,
    });
    build.output(convolved, 'y').type = tensorType('float32');
    return { model: new Model(graph, opset), x: () => normal(image, index + 100) };
  });
}

function normal(shape: readonly number[], seed: number): Tensor {
  const random = new Random(seed);
  const size = shape.reduce((product, dim) => product * dim, 1);
  return Tensor.of(
    'float32',
    shape,
    Float32Array.from({ length: size }, () => random.normal()),
  );
}
