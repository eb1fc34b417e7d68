// Where the time of a training step goes, and how far each kind of operator is from the machine's floor: node bench/training/profile.mjs [resnet-20]
//
// The floor of an operator is the larger of its multiplications over the rate of a large matrix product, and its bytes over the rate of element-wise
// operators on an activation; both rates are measured first, on this machine, by the same runtime. Prints a table in Markdown.
import { lowerToBlocked } from 'espalier/infrastructure/compiler';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { Graph, Model, Tensor } from 'espalier/onnx';
import { inferShapes, typedBuilder } from 'espalier/ops';
import { buildTrainingStep, crossEntropy } from 'espalier/training';
import { createEspalier } from './espalier.mjs';
import { median } from './median.mjs';
import { CASES } from './networks.mjs';

const THREADS = 2;
/** Channels of a block on a processor with AVX-512. With another one this does not tell the truth. */
const BLOCK = 16;
const KINDS = [
  ['convolutions', ({ op, node }) => /Conv/.test(op) && !isPerChannel(node)],
  ['one factor per channel', ({ op, node }) => /Conv/.test(op) && isPerChannel(node)],
  ['matrix products', ({ op }) => /MatMul|Gemm/.test(op)],
  ['sums over axes', ({ op }) => /Reduce|Softmax|LayerNorm|Pool/.test(op)],
  ['moving data', ({ op }) => /Reorder|Transpose|Reshape|Concat|Split|Pad|Slice|Gather|Expand|Upsample|Scatter/.test(op)],
  ['element by element', () => true],
];

const wanted = process.argv[2] ?? 'resnet-20';
const network = CASES.map((make) => make()).find(({ name }) => name === wanted);
if (!network) throw new Error(`There is no network "${wanted}".`);
const runtime = createNodeRuntime({ threads: THREADS });
const rates = { multiplications: await multiplicationRate(), bytes: await byteRate() };
const engine = await createEspalier({ ...network, threads: THREADS, runtime, blocked: true, clock: 'wall', profile: true });
await engine.run(4);
await engine.run(4);
const timings = await engine.profile();
await engine.dispose();
await runtime.dispose();
print(kindsOf(timings, costs()));

/** Of each node of the step: multiplications and bytes, as the lowered graph has them. */
function costs() {
  const [input] = network.model.graph.inputs;
  const [scores] = network.model.graph.outputs;
  const inputShapes = { [input.name]: [network.batch, ...input.shape.slice(1)] };
  const step = buildTrainingStep(network.model, {
    batchSize: network.batch,
    inputShapes,
    loss: crossEntropy(scores.name),
    watch: [scores.name],
    optimizer: { kind: 'adam' },
  });
  const lowered = lowerToBlocked(step.model, BLOCK);
  inferShapes(lowered);
  return new Map(lowered.graph.nodes.map((node) => [node.name, { node, macs: macsOf(node), bytes: bytesOf(node) }]));
}

function size(value) {
  return value?.shape?.every((dim) => typeof dim === 'number') ? value.shape.reduce((a, b) => a * b, 1) : 0;
}

function bytesOf(node) {
  if (node.op === 'Reshape') return 0;
  return [...node.inputs, ...node.outputs].reduce((sum, value) => sum + 4 * size(value), 0);
}

function macsOf(node) {
  const [x, w] = node.inputs;
  if (/Conv/.test(node.op))
    return (
      size(node.op === 'ConvTranspose' ? x : node.outputs[0]) *
      (size(w) / (node.op === 'ConvTranspose' ? w.shape[0] : (w?.shape?.[0] ?? 1)))
    );
  if (/MatMul|Gemm/.test(node.op)) return size(node.outputs[0]) * Number(x?.shape?.at(node.int('transA', 0) ? -2 : -1) ?? 0);
  return 0;
}

/** A convolution of one element per channel: an affine function of it. */
function isPerChannel(node) {
  return node?.inputs[1]?.shape?.slice(1).every((dim) => dim === 1);
}

function kindsOf(all, known) {
  const found = new Map(KINDS.map(([name]) => [name, { milliseconds: 0, floor: 0, nodes: 0 }]));
  for (const { node: name, op, microseconds } of all) {
    const cost = known.get(name);
    const [kind] = KINDS.find(([, is]) => is({ op, node: cost?.node }));
    const entry = found.get(kind);
    entry.milliseconds += microseconds / 1000;
    entry.nodes++;
    entry.floor += cost ? 1000 * Math.max(cost.macs / rates.multiplications, cost.bytes / rates.bytes) : 0;
  }
  return found;
}

function print(kinds) {
  const total = [...kinds.values()].reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  console.log(
    `${network.label}: ${total.toFixed(1)} ms in operators; ${(rates.multiplications / 1e9).toFixed(0)} G multiplications/s, ${(rates.bytes / 1e9).toFixed(1)} GB/s\n`,
  );
  console.log('| operators | nodes | time | share | floor | time / floor |\n| --- | --- | --- | --- | --- | --- |');
  for (const [kind, { milliseconds, floor, nodes }] of kinds)
    console.log(
      `| ${kind} | ${nodes} | ${milliseconds.toFixed(1)} ms | ${((100 * milliseconds) / total).toFixed(0)}% | ${floor.toFixed(1)} ms | ${floor > 0 ? (milliseconds / floor).toFixed(1) : '–'} |`,
    );
}

async function multiplicationRate() {
  const side = 1024;
  const seconds = await timed((build, x) => build.op('MatMul', [x, x]), [side, side]);
  return side ** 3 / seconds;
}

async function byteRate() {
  // As large as an activation, and read once by each of a chain of operators, so that no result has to leave the runtime.
  const length = 1 << 21;
  const chain = 16;
  const seconds = await timed(
    (build, x) => {
      let y = x;
      for (let i = 0; i < chain; i++) y = build.op('Sqrt', [build.op('Add', [y, x])]);
      return build.op('ReduceSum', [y], { keepdims: 0 });
    },
    [length],
  );
  return (chain * 5 * 4 * length) / seconds;
}

/** Median seconds of a graph of one node. */
async function timed(write, shape) {
  const graph = new Graph('rate');
  const model = new Model(graph, 21);
  model.irVersion = 10;
  const build = typedBuilder(graph, model.opsets);
  build.output(write(build, build.input('x', 'float32', shape)), 'y');
  const program = await runtime.compile(model, { threads: THREADS });
  const x = Tensor.of('float32', shape, new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5));
  const stats = await program.time({ x }, 15);
  await program.dispose();
  return median(stats.map(({ milliseconds }) => milliseconds)) / 1000;
}
