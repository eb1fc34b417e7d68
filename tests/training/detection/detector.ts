// A small detector of 64 places in an image of 32 by 32, ending as exporters have detectors end.
import { Random } from 'espalier/base';
import { type Dim, Graph, type GraphBuilder, Model, SymbolicDim, Tensor, type Value } from 'espalier/onnx';
import { inferShapes, typedBuilder } from 'espalier/ops';

/**
 * - raw: boxes [N, 64, 4] and scores [N, 2, 64] as they are;
 * - nms: NonMaxSuppression, then what it selects: boxes [k, 4], classes [k] and scores [k];
 * - rows: the same as one output [k, 7], as YOLOv7's export has it: image, corners, class, score;
 * - branch: the same as nms inside the branch of an If;
 * - topk: the 10 best places of each image, [N, 10, 4] and [N, 10];
 * - custom: one node of another domain, as TensorRT's exporters write.
 */
export type Ending = 'raw' | 'nms' | 'rows' | 'branch' | 'topk' | 'custom';

const SIDE = 32;
const CELLS = 8;
const PLACES = CELLS * CELLS;
const CLASSES = 2;

/** @param batch how many images at a time: fixed, or any. @param seed of the weights. */
export function detector(ending: Ending, { batch = 'any', seed = 1 }: { batch?: number | 'any'; seed?: number } = {}): Model {
  const graph = new Graph('detector');
  const model = new Model(graph, 17);
  if (ending === 'custom') model.opsets.set('trt.plugins', 1);
  const build = typedBuilder(graph, model.opsets);
  const size: Dim = batch === 'any' ? SymbolicDim.named('N') : batch;
  const x = build.input('x', 'float32', [size, 3, SIDE, SIDE]);
  const first = relu(build, convolution(build, x, 'stem', [16, 3, 3, 3], 2, seed));
  const features = relu(build, convolution(build, first, 'body', [16, 16, 3, 3], 2, seed));
  const perPlace = (value: Value, width: number) =>
    build.op('Reshape', [build.op('Transpose', [value], { perm: [0, 2, 3, 1] }), build.ints([batch === 'any' ? 0 : batch, PLACES, width])]);
  const moves = build.op('Tanh', [perPlace(convolution(build, features, 'box', [4, 16, 1, 1], 1, seed), 4)]);
  const boxes = build.op('Add', [
    build.op('Mul', [moves, build.scalar(3)]),
    build.constant(Tensor.of('float32', [1, PLACES, 4], anchors())),
  ]);
  const logits = perPlace(convolution(build, features, 'class', [CLASSES, 16, 1, 1], 1, seed), CLASSES);
  const scores = build.op('Transpose', [build.op('Sigmoid', [logits])], { perm: [0, 2, 1] });
  end(build, ending, boxes, scores);
  inferShapes(model);
  return model;
}

function end(build: GraphBuilder, ending: Ending, boxes: Value, scores: Value): void {
  switch (ending) {
    case 'raw':
      build.output(boxes, 'boxes');
      build.output(scores, 'scores');
      break;
    case 'nms': {
      const { corners, classes, sureness } = selected(build, boxes, scores);
      build.output(corners, 'detection_boxes');
      build.output(classes, 'detection_classes');
      build.output(sureness, 'detection_scores');
      break;
    }
    case 'rows': {
      const { images, corners, classes, sureness } = selected(build, boxes, scores);
      const column = (value: Value) => build.op('Unsqueeze', [value, build.ints([1])]);
      build.output(build.op('Concat', [column(images), corners, column(classes), column(sureness)], { axis: 1 }), 'output');
      break;
    }
    case 'branch': {
      const then = build.within('then');
      then.output(selected(then, boxes, scores).corners, 'inner_then');
      const otherwise = build.within('else');
      otherwise.output(otherwise.op('Reshape', [boxes, otherwise.ints([-1, 4])]), 'inner_else');
      const branches = { then_branch: then.graph, else_branch: otherwise.graph };
      build.output(
        build.op('If', [build.op('Greater', [build.op('ReduceMax', [scores], { keepdims: 0 }), build.scalar(0)])], branches),
        'output',
      );
      break;
    }
    case 'topk': {
      const best = build.op('ReduceMax', [scores], { axes: [1], keepdims: 0 });
      const [values, places] = build.node('TopK', [best, build.ints([10])], { axis: 1 }, { outputs: 2 });
      const index = build.op('Expand', [build.op('Unsqueeze', [places, build.ints([2])]), build.ints([1, 1, 4])]);
      build.output(build.op('GatherElements', [boxes, index], { axis: 1 }), 'top_boxes');
      build.output(values, 'top_scores');
      break;
    }
    case 'custom': {
      const outputs = ['num_dets', 'det_boxes', 'det_scores', 'det_classes'];
      for (const value of build.node(
        'EfficientNMS_TRT',
        [boxes, build.op('Transpose', [scores], { perm: [0, 2, 1] })],
        { max_output_boxes: 10 },
        { outputs, domain: 'trt.plugins' },
      ))
        build.graph.outputs.push(value);
      break;
    }
  }
}

/** What non-maximum suppression selects, gathered. */
function selected(build: GraphBuilder, boxes: Value, scores: Value) {
  const limits = [build.ints([20]), build.scalar(0.5), build.scalar(0.3)].map((value, i) =>
    i === 0 ? value : build.op('Reshape', [value, build.ints([1])]),
  );
  const picks = build.op('NonMaxSuppression', [boxes, scores, ...limits]);
  const column = (i: number) => build.op('Gather', [picks, build.ints([i])], { axis: 1 });
  const flat = (value: Value) => build.op('Cast', [build.op('Reshape', [value, build.ints([-1])])], { to: 1 });
  const [image, category, place] = [column(0), column(1), column(2)];
  const corners = build.op('GatherND', [boxes, build.op('Concat', [image, place], { axis: 1 })]);
  return { images: flat(image), classes: flat(category), corners, sureness: build.op('GatherND', [scores, picks]) };
}

function convolution(build: GraphBuilder, input: Value, name: string, shape: readonly number[], stride: number, seed: number): Value {
  const random = new Random(seed).fork(name);
  const [outputs, inputs, kernel] = shape;
  const fan = inputs * kernel * kernel;
  const weights = Float32Array.from({ length: outputs * fan }, () => random.normal() * Math.sqrt(2 / fan));
  const bias = Float32Array.from({ length: outputs }, () => random.normal() / 4);
  const parameters = [
    build.parameter(`${name}.weight`, Tensor.of('float32', shape, weights)),
    build.parameter(`${name}.bias`, Tensor.of('float32', [outputs], bias)),
  ];
  const pads = new Array<number>(4).fill((kernel - 1) / 2);
  return build.op('Conv', [input, ...parameters], { strides: [stride, stride], pads, kernel_shape: [kernel, kernel] });
}

function relu(build: GraphBuilder, value: Value): Value {
  return build.op('Relu', [value]);
}

/** A box of 8 by 8 around the middle of each place, as corners. */
function anchors(): Float32Array {
  return Float32Array.from({ length: PLACES * 4 }, (_, i) => {
    const place = Math.floor(i / 4);
    const middle = ((i % 2 === 0 ? place % CELLS : Math.floor(place / CELLS)) + 0.5) * (SIDE / CELLS);
    return middle + (i % 4 < 2 ? -4 : 4);
  });
}
