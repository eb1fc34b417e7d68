import type { Model, Tensor } from '../../onnx/index.js';

/** Values by name. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** A model in memory, its bytes, or a file: the way for models over 2 GB, or with external data. */
export type ModelSource = Model | Uint8Array | { readonly path: string };

/** What computes: native code on the processor ('cpu', in Node), WebAssembly ('wasm', in a page), the graphics card ('webgpu', in both). */
export type Backend = 'cpu' | 'webgpu' | 'wasm';

export interface CompileOptions {
  /** Where to run. Default: the processor, which is 'cpu' in Node and 'wasm' in a page. */
  backend?: Backend;
  /** Threads inside an operator. Default: the machine's cores; 1 in a page that is not cross-origin isolated. */
  threads?: number;
  /** How much ONNX Runtime may rewrite the graph: default 'all'. */
  optimize?: 'none' | 'basic' | 'extended' | 'all';
  /**
   * Keep images in blocks of channels between convolutions, where backend and machine have kernels for it (cpu with AVX2 or AVX-512). Good for
   * models in memory whose weights are no constants, training steps above all; for others ONNX Runtime does it by itself. Results agree within
   * rounding; see `lowerToBlocked`. Default false.
   */
  blocked?: boolean;
  /** Keep QuantizeLinear/DequantizeLinear in floating point instead of fusing them into integer kernels. Default false. */
  simulateQuantization?: boolean;
  /**
   * Multiply weights that are integers beside floats (DequantizeLinear before MatMul or Gemm) in floats, as the model says. ONNX Runtime's optimizer makes
   * MatMulNBits of them, which rounds what meets the weights to 8 bits: answers move by up to 2% of the largest. Default false: as it does it.
   */
  floatProducts?: boolean;
  /**
   * Inputs that stay inside the runtime between runs: input name -> the output that becomes its next value, or null for one that stays as it
   * was set. A training step keeps its weights and optimizer state so; only batches and metrics cross over.
   */
  resident?: Readonly<Record<string, string | null>>;
  /**
   * Take as little memory as can be, at some cost in time: nodes that compute the same are kept apart, because some are there to run again what
   * would take memory to keep, and memory is not held for values to come. For models with resident inputs, on the Node runtime's cpu. Default false.
   */
  frugal?: boolean;
  /** Values of the resident inputs at the start. */
  state?: Tensors;
  /** Record a profile of operators; see Program.profile. In Node only. Default false. */
  profile?: boolean;
  /** Aborting stops the compilation and, later, disposes of the program: runs under way and still queued reject with Stopped. */
  signal?: AbortSignal;
}

/** What one run cost. */
export interface RunStats {
  /** Time inside the runtime's run call, in milliseconds: no queueing, no copying between threads. */
  milliseconds: number;
}

/** Time that a run spent in one node of the graph that the runtime made of the model. A node with a subgraph includes its nodes' time. */
export interface NodeTiming {
  node: string;
  op: string;
  /** What ran it, in ONNX Runtime's words: CPUExecutionProvider or WebGpuExecutionProvider. */
  provider: string;
  /** Mean per run, in microseconds. */
  microseconds: number;
  /** The same from the quicker half of its times, which what else the machine does disturbs less. */
  quiet: number;
  runs: number;
}

/**
 * A model compiled by a runtime. Runs are queued: one at a time. Every tensor fed to `run` or `time` may be transferred: do not use it
 * afterwards (states are copied). `dispose` it; runs that have not ended by then reject with Stopped.
 */
export interface Program {
  /** What the model must be fed, resident inputs included. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Runs once. `fetch` names the outputs wanted (default: all but those that only feed resident inputs). @throws RuntimeError with the runtime's own words. */
  run(feeds: Tensors, fetch?: readonly string[]): Promise<Record<string, Tensor>>;
  /** Same as `run`, `times` times with the same feeds; returns the time of each. For benchmarks. */
  time(feeds: Tensors, times: number): Promise<RunStats[]>;
  /** Copies of resident inputs as they are now. */
  state(names?: readonly string[]): Promise<Record<string, Tensor>>;
  /** Replaces resident inputs. */
  setState(state: Tensors): Promise<void>;
  /** Time per node since the start, most expensive first. Only with `profile`; ends the recording. */
  profile(): Promise<NodeTiming[]>;
  /** The most bytes that there were: of the process's resident memory in Node, of WebAssembly's in a page. Undefined where the runtime cannot tell. */
  memory(): Promise<number | undefined>;
  dispose(): Promise<void>;
}

/** Something that runs ONNX models: native in Node, WebAssembly or WebGPU in a page. */
export interface Runtime {
  readonly name: string;
  /** @throws RuntimeError where the model does not load: the runtime's words, the node, and what to do. */
  compile(model: ModelSource, options?: CompileOptions): Promise<Program>;
  /** Disposes of every program that is left. */
  dispose(): Promise<void>;
}
