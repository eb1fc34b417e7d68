import type { DataType, TypedArray } from '../../../onnx/index.js';
import type { Backend, NodeTiming, RunStats } from '../contract.js';

/** A tensor on its way between threads. */
export interface SentTensor {
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly contents: TypedArray | readonly string[];
}

export type SentTensors = Readonly<Record<string, SentTensor>>;

/** An input or output of a loaded model. */
export interface Port {
  readonly name: string;
  /** Undefined where it is no tensor, but a sequence or a map. */
  readonly dtype?: DataType;
  /** Numbers and names of dimensions. [] for a scalar and for an unknown rank alike: the binding does not tell them apart. */
  readonly shape: readonly (number | string)[];
}

/** Everything that a session is made with. */
export interface SessionSettings {
  readonly backend: Backend;
  readonly threads: number;
  readonly spinning: boolean;
  readonly optimize: 'none' | 'basic' | 'extended' | 'all';
  readonly simulateQuantization: boolean;
  readonly floatProducts: boolean;
  /** Whether nodes that compute the same stay apart: some are there to be run again. See CompileOptions. */
  readonly frugal: boolean;
  readonly profile: boolean;
  readonly resident: Readonly<Record<string, string | null>>;
  /** Names of nodes that WebGPU leaves to the processor. */
  readonly onCpu: readonly string[];
  /** Where a page's worker finds ONNX Runtime. Default: under its package's name. */
  readonly module?: string;
}

/** What the main thread asks of a worker, with the type of the answer. */
export interface Calls {
  /** Gives the graph that ONNX Runtime makes of a model, as a model. */
  optimize: { ask: { source: Uint8Array; settings: SessionSettings }; answer: { model: Uint8Array } };
  load: { ask: { source: Uint8Array | string; settings: SessionSettings }; answer: { inputs: Port[]; outputs: Port[] } };
  run: { ask: { feeds: SentTensors; fetch: readonly string[] }; answer: SentTensors };
  time: { ask: { feeds: SentTensors; fetch: readonly string[]; times: number }; answer: RunStats[] };
  state: { ask: { names: readonly string[] }; answer: SentTensors };
  setState: { ask: { state: SentTensors }; answer: undefined };
  profile: { ask: Record<never, never>; answer: NodeTiming[] };
  memory: { ask: Record<never, never>; answer: number | undefined };
  dispose: { ask: Record<never, never>; answer: undefined };
}

export type CallName = keyof Calls;

export type Request = { [K in CallName]: { readonly id: number; readonly call: K } & Calls[K]['ask'] }[CallName];

/** An error of a worker: the runtime's words, before they are made readable. `skipped` where the program was stopped first. */
export type Reply =
  | { readonly id: number; readonly value: Calls[CallName]['answer'] }
  | { readonly id: number; readonly failure: string }
  | { readonly id: number; readonly skipped: true };
