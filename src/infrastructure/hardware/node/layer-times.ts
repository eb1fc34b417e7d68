import { copiesOf, copyModel, type Model, type Node, nodesOf } from '../../../onnx/index.js';
import type { NodeTiming, Runtime, Tensors } from '../../runtime/index.js';
import type { TimedLayer } from '../cpu/index.js';
import { makeFeeds } from '../feeds.js';
import { footprint } from '../footprint.js';
import { fading } from '../model.js';

export interface LayerTimesOptions {
  /** Inputs; they are copied. Default: made up, with the shapes of `inputShapes`. */
  feeds?: Tensors;
  inputShapes?: Readonly<Record<string, readonly number[]>>;
  /** Threads inside an operator. Default 1. */
  threads?: number;
  /** Timed runs. Default 30. */
  runs?: number;
  /** How often all of this is done, each time with a new program. Default 1. */
  rounds?: number;
  signal?: AbortSignal;
}

export interface LayerTimes {
  /** In the order of the model, each from its quickest round: what else the machine does comes in bursts. */
  readonly layers: readonly (TimedLayer & { readonly label: string })[];
  /** Seconds of the first round in kernels that are no layer of the model: those that change layouts, or that the runtime wrote in place of several. */
  readonly rest: number;
}

/** Steps back from the end of what was fused to the layer that it is called after. */
const STEPS = 6;

/**
 * How long each layer of a model takes in a runtime that can profile: the mean of the quicker half of its runs. Where the runtime fused several layers
 * into one kernel, the time is that of the layer which the kernel is for, and the others have none.
 * @throws RuntimeError; Stopped when aborted.
 */
export async function timeLayers(model: Model, runtime: Runtime, options: LayerTimesOptions = {}): Promise<LayerTimes> {
  const { inputShapes, threads = 1, runs = 30, rounds = 1, signal } = options;
  const named = copyModel(model);
  const nodes = nodesOf(named.graph);
  const labels = new Map(nodes.map((node) => [node, node.label]));
  nodes.forEach(rename);
  const feeds = options.feeds ?? makeFeeds(named, { inputShapes });
  const cost = footprint(named, {
    inputShapes: Object.fromEntries(Object.entries(feeds).map(([name, { shape }]) => [name, shape])),
    bytes: 0,
  });
  const costs = new Map(cost.layers.map((layer) => [layer.node, layer]));
  const timesOf = (profile: readonly NodeTiming[]): LayerTimes => {
    const found: (TimedLayer & { label: string; index: number })[] = [];
    let rest = 0;
    for (const timing of profile) {
      const index = Number(/L(\d+)_/.exec(timing.node)?.[1]);
      // The time of a node with a body is that of the body's nodes, which are listed, too.
      if (nodes[index]?.subgraphs().length > 0) continue;
      const node = nodes[index] && kernelOf(nodes[index], timing);
      const layer = node && costs.get(node.name);
      if (layer) found.push({ layer, label: labels.get(node) ?? '', index, seconds: timing.quiet * 1e-6, before: 0 });
      else rest += timing.quiet * 1e-6;
    }
    let before = 0;
    const layers = found
      .sort((a, b) => a.index - b.index)
      .map((each) => {
        const timed = { ...each, before };
        before = fading(before, each.seconds);
        return timed;
      });
    return { layers, rest };
  };
  const first = timesOf(await profiled(named, runtime, feeds, { threads, runs, signal }));
  const others: LayerTimes[] = [];
  while (others.length + 1 < rounds) others.push(timesOf(await profiled(named, runtime, feeds, { threads, runs, signal })));
  return {
    ...first,
    layers: quickest(
      first.layers,
      others.flatMap((each) => each.layers),
    ),
  };
}

/** Each layer as it was in its quickest round, with what ran before it there. */
function quickest(layers: LayerTimes['layers'], others: LayerTimes['layers']): LayerTimes['layers'] {
  return layers.map((each) =>
    others.reduce((best, other) => (other.layer === each.layer && other.seconds < best.seconds ? other : best), each),
  );
}

/** Names by which a kernel in the profile is found, whether it is called after a node or after what that makes. */
function rename(node: Node, index: number): void {
  node.name = `L${index}_`;
  const [output] = node.outputs;
  if (output && !node.graph?.outputs.includes(output)) output.name = node.name;
}

async function profiled(
  model: Model,
  runtime: Runtime,
  feeds: Tensors,
  { threads, runs, signal }: Required<Pick<LayerTimesOptions, 'threads' | 'runs'>> & { signal?: AbortSignal },
): Promise<NodeTiming[]> {
  const program = await runtime.compile(model, { profile: true, threads, signal });
  try {
    await program.time(copiesOf(feeds), runs);
    return await program.profile();
  } finally {
    await program.dispose();
  }
}

/** The layer that a kernel is for: of those that were fused into it, the one with the kernel's operator. None where the runtime wrote another. */
function kernelOf(end: Node, { op, node: name }: NodeTiming): Node | undefined {
  // A normalization becomes a convolution of its own where it cannot become part of one.
  if (/_bn\b|_bn_/.test(name)) return end;
  const kernel = plainName(op);
  let front = [end];
  for (let step = 0; step < STEPS; step++) {
    const same = front.find((each) => plainName(each.op) === kernel || (kernel === 'Gemm' && each.op === 'MatMul'));
    if (same) return same;
    front = front.flatMap(({ inputs }) => inputs.flatMap((input) => input?.producer ?? []));
  }
  return undefined;
}

function plainName(op: string): string {
  return op.replace(/^(Fused|Nhwc)/, '');
}
