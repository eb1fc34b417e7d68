import { EspalierError, OptionError, RuntimeError, Stopped } from '../../../base/index.js';
import { decodeModel, encodeModel, Model } from '../../../onnx/index.js';
import { lowerToWebGpu, type WebGpuForm } from '../../compiler/index.js';
import type { Backend, CompileOptions, ModelSource, Program, Runtime } from '../contract.js';
import { checkBackend, requireThreads } from './checks.js';
import type { Link } from './link.js';
import { WorkerProgram } from './program.js';
import type { SessionSettings } from './protocol.js';
import { copyOf, ownsBuffer } from './tensors.js';

/** What differs between the places where ONNX Runtime's workers run. */
export interface Host {
  readonly name: string;
  /** The first is the default. */
  readonly backends: readonly Backend[];
  /** Threads of a program that does not say. */
  readonly threads: number;
  readonly spinning: boolean;
  /** Settings as the worker needs them; default: as they are. @throws UnsupportedError for what cannot be served here. */
  complete?(settings: SessionSettings): SessionSettings;
  /** A model in memory with its images in blocks of channels, where the processor has kernels for it. Default: as it is. */
  block?(model: Model): Promise<Model>;
  /** What a worker can load of a file; default: its path. @throws RuntimeError where it cannot be read. */
  read?(path: string, signal?: AbortSignal): Promise<Uint8Array>;
  /** Starts a worker. @param source the model's file, for messages. */
  open(source?: string): Link;
  /** Peak resident memory of the process in bytes, where it is known. */
  memory?(): number;
}

/** ONNX Runtime with every program in a worker of its own. */
export class WorkerRuntime implements Runtime {
  readonly #host: Host;
  readonly #programs = new Set<WorkerProgram>();
  #disposed = false;

  constructor(host: Host) {
    requireThreads(host.threads);
    this.#host = host;
  }

  get name(): string {
    return this.#host.name;
  }

  async compile(model: ModelSource, options: CompileOptions = {}): Promise<Program> {
    this.#refuseWhenDisposed();
    const { signal, state } = options;
    const given = this.#settings(options);
    const aborted = () => new Stopped('Stopped by the caller', { cause: signal?.reason });
    if (signal?.aborted) throw aborted();
    const { source, transfer, label, onCpu } = await this.#source(model, options, given.backend);
    const settings = { ...given, onCpu };
    if (signal?.aborted) throw aborted();

    const link = this.#host.open(label);
    let program: WorkerProgram | undefined;
    const cancel = () => void (program ?? link).close(aborted());
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      const ports = await link.call('load', { source, settings }, transfer);
      const made = new WorkerProgram(link, ports, settings, {
        memory: () => this.#host.memory?.(),
        forget: () => {
          signal?.removeEventListener('abort', cancel);
          this.#programs.delete(made);
        },
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
    const { name, backends, spinning } = this.#host;
    const {
      backend = backends[0],
      threads = this.#host.threads,
      optimize = 'all',
      simulateQuantization = false,
      profile = false,
      resident = {},
    } = options;
    checkBackend(name, backend, backends);
    if (!['none', 'basic', 'extended', 'all'].includes(optimize)) {
      throw new OptionError({ what: 'Unknown level', where: 'optimize', expected: 'none, basic, extended or all', got: String(optimize) });
    }
    const settings = { backend, threads: requireThreads(threads), spinning, optimize, simulateQuantization, profile, resident, onCpu: [] };
    return this.#host.complete?.(settings) ?? settings;
  }

  /** What crosses to the worker. Bytes that are the caller's are copied once; the copy moves. */
  async #source(model: ModelSource, { blocked, signal }: CompileOptions, backend: Backend): Promise<Source> {
    const { block, read } = this.#host;
    if (!(model instanceof Model || model instanceof Uint8Array)) {
      if (!read) return { source: model.path, transfer: [], label: model.path, onCpu: [] };
      return { ...(await this.#source(await read(model.path, signal), {}, backend)), label: model.path };
    }
    const label = model instanceof Model ? model.source : undefined;
    if (backend === 'webgpu') {
      const form = webGpuForm(model);
      return moving(form?.model ?? model, label, form?.onCpu);
    }
    return moving(blocked && block && model instanceof Model ? await block(model) : model, label);
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    await Promise.all([...this.#programs].map((program) => program.dispose()));
  }
}

interface Source {
  source: Uint8Array | string;
  transfer: ArrayBuffer[];
  label?: string;
  onCpu: readonly string[];
}

function moving(model: Model | Uint8Array, label: string | undefined, onCpu: readonly string[] = []): Source {
  const bytes = model instanceof Model ? encodeModel(model) : copyOf(model);
  const source = ownsBuffer(bytes) ? bytes : copyOf(bytes);
  return { source, transfer: source.byteLength > 0 ? [source.buffer as ArrayBuffer] : [], label, onCpu };
}

/** Undefined for a model that cannot be read: the runtime itself says best what is wrong with them. */
function webGpuForm(model: Model | Uint8Array): WebGpuForm | undefined {
  try {
    return lowerToWebGpu(model instanceof Model ? model : decodeModel(model));
  } catch (cause) {
    if (cause instanceof EspalierError) return undefined;
    throw cause;
  }
}
