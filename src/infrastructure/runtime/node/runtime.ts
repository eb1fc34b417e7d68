import { availableParallelism } from 'node:os';
import { bytesOf, decodeModel, encodeModel, type Model } from '../../../onnx/index.js';
import { inferShapes } from '../../../ops/index.js';
import { forgetSizes, lowerToBlocked, orderForExecution } from '../../compiler/index.js';
import type { Runtime } from '../contract.js';
import type { Link } from '../shared/link.js';
import type { SessionSettings } from '../shared/protocol.js';
import { WorkerRuntime } from '../shared/runtime.js';
import { blockSize } from './block-size.js';
import { ThreadLink } from './link.js';
import { ThreadPool } from './thread.js';

export interface NodeRuntimeOptions {
  /** Threads of a program that does not say. Default: as many as the process may use. */
  threads?: number;
  /**
   * Whether idle threads of a program spin for a moment before they sleep. Default true, as ONNX Runtime's own: runs that follow each other
   * closely are a little faster, but programs side by side disturb each other.
   */
  spinning?: boolean;
}

/**
 * ONNX Runtime, native, with every program in a worker thread to itself: runs never block the caller's event loop, and programs run side by
 * side. Backends: cpu, webgpu.
 */
export function createNodeRuntime(options: NodeRuntimeOptions = {}): Runtime {
  const { threads = availableParallelism(), spinning = true } = options;
  const pool = new ThreadPool();
  return new WorkerRuntime({
    name: 'onnxruntime-node',
    backends: ['cpu', 'webgpu'],
    threads,
    spinning,
    block: blockedForm,
    arrange: arranged,
    open: (source) => new ThreadLink(source, pool),
    close: () => pool.close(),
    memory: () => process.resourceUsage().maxRSS * 1024,
  });
}

async function blockedForm(model: Model): Promise<Model> {
  const block = await blockSize();
  if (block === undefined) return model;
  const lowered = lowerToBlocked(model, block);
  if (lowered !== model) inferShapes(lowered);
  return lowered;
}

/** A model as ONNX Runtime's optimizer makes it, its nodes to be run in the model's own order as nearly as ONNX Runtime can. */
async function arranged(link: Link, model: Model, settings: SessionSettings): Promise<Model> {
  const place = new Map<string, number>();
  const bytes = new Map<string, number>();
  model.graph.nodes.forEach((node, index) => {
    for (const output of node.outputs) {
      if (!output) continue;
      place.set(output.name, index);
      bytes.set(output.name, bytesOf(output) ?? 0);
    }
  });
  const optimized = decodeModel((await link.call('optimize', { source: encodeModel(model), settings })).model);
  orderForExecution(optimized.graph, { place, bytes });
  if (settings.frugal) forgetSizes(optimized.graph);
  return optimized;
}
