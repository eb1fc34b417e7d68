import { availableParallelism } from 'node:os';
import { OptionError, RuntimeError, Stopped } from '../../../base/index.js';
import { bytesOf, decodeModel, encodeModel, Model } from '../../../onnx/index.js';
import { inferShapes } from '../../../ops/index.js';
import { forgetSizes, lowerToBlocked, orderForExecution } from '../../compiler/index.js';
import type { CompileOptions, ModelSource, Program, Runtime } from '../contract.js';
import { blockSize } from './block-size.js';
import { checkBackend, requireThreads } from './checks.js';
import { Link } from './link.js';
import { WorkerProgram } from './program.js';
import type { SessionSettings } from './protocol.js';
import { copyOf, ownsBuffer } from './tensors.js';

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
  return new NodeRuntime(requireThreads(threads), spinning);
}

class NodeRuntime implements Runtime {
  readonly name = 'onnxruntime-node';
  readonly #threads: number;
  readonly #spinning: boolean;
  readonly #programs = new Set<WorkerProgram>();
  #disposed = false;

  constructor(threads: number, spinning: boolean) {
    this.#threads = threads;
    this.#spinning = spinning;
  }

  async compile(model: ModelSource, options: CompileOptions = {}): Promise<Program> {
    this.#refuseWhenDisposed();
    const { signal, state } = options;
    const settings = this.#settings(options);
    const aborted = () => new Stopped('Stopped by the caller', { cause: signal?.reason });
    if (signal?.aborted) throw aborted();
    const lowered = options.blocked && settings.backend === 'cpu' && model instanceof Model ? await blockedForm(model) : model;
    const { source, transfer, label } = sourceOf(lowered);
    // A step of training holds many values for long: it matters when each node runs.
    const { backend, optimize, resident } = settings;
    const arranges = lowered instanceof Model && backend === 'cpu' && optimize !== 'none' && Object.keys(resident).length > 0;

    const link = new Link(label);
    let program: WorkerProgram | undefined;
    const cancel = () => void (program ?? link).close(aborted());
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      const ports = arranges
        ? await loadArranged(link, lowered, source as Uint8Array<ArrayBuffer>, settings)
        : await link.call('load', { source, settings }, transfer);
      const made = new WorkerProgram(link, ports, settings, () => {
        signal?.removeEventListener('abort', cancel);
        this.#programs.delete(made);
      });
      program = made;
      this.#programs.add(made);
      if (state) await made.setState(state);
      this.#refuseWhenDisposed();
      return made;
    } catch (cause) {
      signal?.removeEventListener('abort', cancel);
      await (program ?? link).close(new RuntimeError('The model did not load'));
      throw cause;
    }
  }

  #refuseWhenDisposed(): void {
    if (this.#disposed) throw new RuntimeError('The runtime was disposed');
  }

  #settings(options: CompileOptions): SessionSettings {
    const {
      backend = 'cpu',
      threads = this.#threads,
      optimize = 'all',
      simulateQuantization = false,
      frugal = false,
      profile = false,
      resident = {},
    } = options;
    checkBackend(backend);
    if (!['none', 'basic', 'extended', 'all'].includes(optimize)) {
      throw new OptionError({ what: 'Unknown level', where: 'optimize', expected: 'none, basic, extended or all', got: String(optimize) });
    }
    const common = { backend, optimize, simulateQuantization, frugal, profile, resident };
    return { ...common, threads: requireThreads(threads), spinning: this.#spinning };
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    await Promise.all([...this.#programs].map((program) => program.dispose()));
  }
}

/** Loads a model as ONNX Runtime's optimizer makes it, its nodes to be run in the model's own order as nearly as ONNX Runtime can. */
async function loadArranged(link: Link, model: Model, source: Uint8Array<ArrayBuffer>, settings: SessionSettings) {
  const place = new Map<string, number>();
  const bytes = new Map<string, number>();
  model.graph.nodes.forEach((node, index) => {
    for (const output of node.outputs) {
      if (!output) continue;
      place.set(output.name, index);
      bytes.set(output.name, bytesOf(output) ?? 0);
    }
  });
  const optimized = decodeModel((await link.call('optimize', { source, settings }, [source.buffer])).model);
  orderForExecution(optimized.graph, { place, bytes });
  if (settings.frugal) forgetSizes(optimized.graph);
  const arranged = ownBytes(optimized);
  return link.call('load', { source: arranged, settings: { ...settings, optimize: 'none' } }, [arranged.buffer]);
}

async function blockedForm(model: Model): Promise<Model> {
  const block = await blockSize();
  if (block === undefined) return model;
  const lowered = lowerToBlocked(model, block);
  if (lowered !== model) inferShapes(lowered);
  return lowered;
}

/** What crosses to the worker. Bytes that are the caller's are copied once; the copy moves. */
function sourceOf(model: ModelSource): { source: Uint8Array | string; transfer: ArrayBuffer[]; label?: string } {
  if (model instanceof Model) {
    const source = ownBytes(model);
    return { source, transfer: [source.buffer as ArrayBuffer], label: model.source };
  }
  if (model instanceof Uint8Array) {
    const source = copyOf(model);
    return { source, transfer: source.byteLength > 0 ? [source.buffer] : [] };
  }
  return { source: model.path, transfer: [], label: model.path };
}

function ownBytes(model: Model): Uint8Array<ArrayBuffer> {
  const bytes = encodeModel(model);
  return ownsBuffer(bytes) ? (bytes as Uint8Array<ArrayBuffer>) : copyOf(bytes);
}
