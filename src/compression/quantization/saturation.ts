import type { Runtime } from '../../infrastructure/runtime/index.js';
import { GraphBuilder, Model, Tensor } from '../../onnx/index.js';

/** Number of products that are summed: a multiple of what any kernel takes at once. */
const DEPTH = 64;

const known = new WeakMap<Runtime, Promise<boolean>>();

/**
 * Whether this runtime's product of uint8 and int8 matrices is wrong at the ends of the range, found out by one: x86 processors with AVX2 but
 * without VNNI add pairs of products in 16 bits, which saturate (255 · 127 · 2 > 32767). Weights of 7 bits cannot overflow.
 */
export function saturates(runtime: Runtime): Promise<boolean> {
  const found = known.get(runtime) ?? probe(runtime);
  known.set(runtime, found);
  return found;
}

async function probe(runtime: Runtime): Promise<boolean> {
  const build = new GraphBuilder();
  const x = build.input('x', 'uint8', [4, DEPTH]);
  const weight = build.constant(Tensor.of('int8', [DEPTH, 4], new Int8Array(DEPTH * 4).fill(127)));
  build.output(build.op('MatMulInteger', [x, weight]), 'y');
  const model = new Model(build.graph, 13);
  model.irVersion = 8;
  model.graph.outputs[0].type = { kind: 'tensor', dtype: 'int32', shape: [4, 4] };
  const program = await runtime.compile(model, { threads: 1 });
  try {
    const { y } = await program.run({ x: Tensor.of('uint8', [4, DEPTH], new Uint8Array(4 * DEPTH).fill(255)) });
    return !y.numbers().every((sum) => sum === DEPTH * 255 * 127);
  } finally {
    await program.dispose();
  }
}
