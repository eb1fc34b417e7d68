import { availableParallelism } from 'node:os';
import type { Model } from '../../../onnx/index.js';
import { lowerToBlocked } from '../../compiler/index.js';
import type { Runtime } from '../contract.js';
import { WorkerRuntime } from '../shared/runtime.js';
import { blockSize } from './block-size.js';
import { ThreadLink } from './link.js';

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
 * ONNX Runtime, native, with every program in a worker thread of its own: runs never block the caller's event loop, and programs run side by
 * side. Backends: cpu, webgpu.
 */
export function createNodeRuntime(options: NodeRuntimeOptions = {}): Runtime {
  const { threads = availableParallelism(), spinning = true } = options;
  return new WorkerRuntime({
    name: 'onnxruntime-node',
    backends: ['cpu', 'webgpu'],
    threads,
    spinning,
    block: blockedForm,
    open: (source) => new ThreadLink(source),
    memory: () => process.resourceUsage().maxRSS * 1024,
  });
}

async function blockedForm(model: Model): Promise<Model> {
  const block = await blockSize();
  return block === undefined ? model : lowerToBlocked(model, block);
}
