import { EspalierError, OptionError, RuntimeError, Stopped } from '../../../base/index.js';
import { decodeModel, encodeModel, Model } from '../../../onnx/index.js';
import { lowerToWebGpu, type WebGpuForm } from '../../compiler/index.js';
import type { Backend, CompileOptions, ModelSource, Program, Runtime } from '../contract.js';
import { checkBackend, requireThreads } from './checks.js';
import type { Link } from './link.js';
import { WorkerProgram } from './program.js';
import type { Calls, SessionSettings } from './protocol.js';
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
  /** A model with resident inputs as ONNX Runtime's optimizer makes it on the processor, its nodes in an order that needs little memory. Default: as it is. */
  arrange?(link: Link, model: Model, settings: SessionSettings): Promise<Model>;
  /** What a worker can load of a file; default: its path. @throws RuntimeError where it cannot be read. */
  read?(path: string, signal?: AbortSignal): Promise<Uint8Array>;
  /** Starts a worker. @param source the model's file, for messages. */
  open(source: string | undefined, settings: SessionSettings): Link;
  /** Peak resident memory of the process in bytes, where it is known. */
  memory?(): number;
  /** Ends workers that wait for another program. Default: none do. */
  close?(): Promise<void>;
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
    const prepared = await this.#prepare(model, options, given.backend);
    const settings = { ...given, onCpu: prepared.onCpu };
    if (signal?.aborted) throw aborted();

    const link = this.#host.open(prepared.label, settings);
    let program: WorkerProgram | undefined;
    const cancel = () => void (program ?? link).close(aborted());
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      const ports = await this.#load(link, prepared.source, settings);
      const made = new WorkerProgram(
        link,
        ports,
        { ...settings, narrowed: prepared.narrowed },
        {
          memory: () => this.#host.memory?.(),
          forget: () => {
            signal?.removeEventListener('abort', cancel);
            this.#programs.delete(made);
          },
        },
      );
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
      floatProducts = false,
      frugal = false,
      profile = false,
      resident = {},
    } = options;
    checkBackend(name, backend, backends);
    if (!['none', 'basic', 'extended', 'all'].includes(optimize)) {
      throw new OptionError({ what: 'Unknown level', where: 'optimize', expected: 'none, basic, extended or all', got: String(optimize) });
    }
    const common = { backend, optimize, simulateQuantization, floatProducts, frugal, profile, resident };
    const settings = { ...common, threads: requireThreads(threads), spinning, onCpu: [] };
    return this.#host.complete?.(settings) ?? settings;
  }

  /** The model as this backend is to have it. */
  async #prepare(model: ModelSource, { blocked, resident = {}, signal }: CompileOptions, backend: Backend): Promise<Prepared> {
    const { block, read } = this.#host;
    if (!(model instanceof Model || model instanceof Uint8Array)) {
      if (!read) return { source: model.path, label: model.path, onCpu: [] };
      return { ...(await this.#prepare(await read(model.path, signal), {}, backend)), label: model.path };
    }
    const label = model instanceof Model ? model.source : undefined;
    if (backend === 'webgpu') {
      const form = webGpuForm(model, Object.keys(resident));
      return { source: form?.model ?? model, label, onCpu: form?.onCpu ?? [], narrowed: new Set(form?.narrowed) };
    }
    return { source: blocked && block && model instanceof Model ? await block(model) : model, label, onCpu: [] };
  }

  /** Loads it, in a good order where its values are held for long, as those of a training step are. */
  async #load(link: Link, source: Prepared['source'], settings: SessionSettings) {
    const { arrange } = this.#host;
    const { backend, optimize, resident } = settings;
    const holds = backend === 'cpu' && optimize !== 'none' && Object.keys(resident).length > 0;
    if (!arrange || !holds || !(source instanceof Model)) return send(link, source, settings);
    return send(link, await arrange(link, source, settings), { ...settings, optimize: 'none' });
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    await Promise.all([...this.#programs].map((program) => program.dispose()));
    await this.#host.close?.();
  }
}

interface Prepared {
  source: Model | Uint8Array | string;
  label?: string;
  onCpu: readonly string[];
  /** Inputs of int64 that it takes as int32. */
  narrowed?: ReadonlySet<string>;
}

/** Bytes that are the caller's are copied once; the copy moves. */
function send(link: Link, given: Prepared['source'], settings: SessionSettings): Promise<Calls['load']['answer']> {
  if (typeof given === 'string') return link.call('load', { source: given, settings });
  const bytes = given instanceof Model ? encodeModel(given) : copyOf(given);
  const source = ownsBuffer(bytes) ? bytes : copyOf(bytes);
  return link.call('load', { source, settings }, source.byteLength > 0 ? [source.buffer as ArrayBuffer] : []);
}

/** Undefined for a model that cannot be read: the runtime itself says best what is wrong with them. */
function webGpuForm(model: Model | Uint8Array, fixed: readonly string[]): WebGpuForm | undefined {
  try {
    return lowerToWebGpu(model instanceof Model ? model : decodeModel(model), { fixed });
  } catch (cause) {
    if (cause instanceof EspalierError) return undefined;
    throw cause;
  }
}
