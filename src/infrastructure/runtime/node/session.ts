import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as ort from 'onnxruntime-node';
import type { DataType } from '../../../onnx/index.js';
import type { NodeTiming, RunStats } from '../contract.js';
import { received, sendable } from './ort-tensors.js';
import type { Port, SentTensors, SessionSettings } from './protocol.js';
import { summarizeTrace } from './trace.js';

// What goes wrong is thrown; ONNX Runtime's own lines on the terminal would only repeat it.
ort.env.logLevel = 'fatal';
const FATAL = 4;

/** Collects what is new and already unused. */
const collectNew = collectorOfNew();

function collectorOfNew(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('globalThis.gc') as (options: { type: 'minor' }) => void;
  return () => collect({ type: 'minor' });
}

/**
 * Gives the memory of tensors back at once. V8 would let old states of a training pile up: it sees small objects, and memory that is not its own.
 * The memory goes over to new objects that nothing refers to, which even the quickest collection finds.
 */
function release(tensors: readonly (ort.Tensor | undefined)[]): void {
  const buffers = tensors.flatMap((tensor) => (ArrayBuffer.isView(tensor?.data) ? [tensor.data.buffer as ArrayBuffer] : []));
  if (buffers.length === 0) return;
  structuredClone(undefined, { transfer: [...new Set(buffers)] });
  collectNew();
}

/** One ONNX Runtime session and the inputs that live with it. Runs in a worker thread. */
export class Session {
  readonly #session: ort.InferenceSession;
  readonly #resident: Readonly<Record<string, string | null>>;
  readonly #state = new Map<string, ort.Tensor>();
  readonly #traces?: string;
  #timings?: NodeTiming[];

  private constructor(session: ort.InferenceSession, resident: Readonly<Record<string, string | null>>, traces?: string) {
    this.#session = session;
    this.#resident = resident;
    this.#traces = traces;
  }

  static async load(source: Uint8Array | string, settings: SessionSettings): Promise<Session> {
    const traces = settings.profile ? mkdtempSync(join(tmpdir(), `espalier-profile-${process.pid}-`)) : undefined;
    const options = sessionOptions(settings, traces);
    try {
      const session = await (typeof source === 'string'
        ? ort.InferenceSession.create(source, options)
        : ort.InferenceSession.create(source, options));
      return new Session(session, settings.resident, traces);
    } catch (cause) {
      discard(traces);
      throw cause;
    }
  }

  get inputs(): Port[] {
    return this.#session.inputMetadata.map(portOf);
  }

  get outputs(): Port[] {
    return this.#session.outputMetadata.map(portOf);
  }

  async run(feeds: SentTensors, fetch: readonly string[]): Promise<SentTensors> {
    const { outputs } = await this.#step(received(feeds, ort.Tensor), fetch);
    // A resident value that is also wanted outside is copied: its memory stays here.
    const kept = new Set(this.#state.values());
    return Object.fromEntries(fetch.map((name) => [name, sendable(outputs[name], kept.has(outputs[name]))]));
  }

  async time(feeds: SentTensors, fetch: readonly string[], times: number, stopped: () => boolean): Promise<RunStats[]> {
    const given = received(feeds, ort.Tensor);
    const stats: RunStats[] = [];
    while (stats.length < times && !stopped()) stats.push({ milliseconds: (await this.#step(given, fetch)).milliseconds });
    return stats;
  }

  async #step(feeds: Record<string, ort.Tensor>, fetch: readonly string[]) {
    const next = Object.entries(this.#resident).filter((pair): pair is [string, string] => pair[1] !== null);
    const wanted = [...new Set([...fetch, ...next.map(([, output]) => output)])];
    const all = { ...feeds, ...Object.fromEntries(this.#state) };
    const start = performance.now();
    const outputs = (await this.#session.run(all, wanted)) as Record<string, ort.Tensor>;
    const milliseconds = performance.now() - start;
    const before = new Set(next.map(([input]) => this.#state.get(input)));
    for (const [input, output] of next) this.#state.set(input, outputs[output]);
    for (const kept of this.#state.values()) before.delete(kept);
    release([...before]);
    return { outputs, milliseconds };
  }

  state(names: readonly string[]): SentTensors {
    return Object.fromEntries(names.map((name) => [name, sendable(this.#state.get(name) as ort.Tensor, true)]));
  }

  setState(state: SentTensors): void {
    for (const [name, tensor] of Object.entries(received(state, ort.Tensor))) this.#state.set(name, tensor);
  }

  profile(): NodeTiming[] {
    if (!this.#timings && this.#traces) {
      this.#session.endProfiling();
      const traces = this.#traces;
      const files = readdirSync(traces).filter((file) => file.endsWith('.json'));
      this.#timings = summarizeTrace(files.flatMap((file) => JSON.parse(readFileSync(join(traces, file), 'utf8'))));
      discard(traces);
    }
    return this.#timings ?? [];
  }

  async release(): Promise<void> {
    this.#state.clear();
    await this.#session.release();
    discard(this.#traces);
  }
}

/** The model that ONNX Runtime's optimizer makes of another one. It hands it over as a file only. */
export async function optimizedBy(source: Uint8Array, settings: SessionSettings): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), `espalier-model-${process.pid}-`));
  try {
    const optimizedModelFilePath = join(folder, 'model.onnx');
    // The session itself runs nothing.
    const options = { ...sessionOptions({ ...settings, threads: 1, profile: false }), enableCpuMemArena: false, optimizedModelFilePath };
    const session = await ort.InferenceSession.create(source, options);
    await session.release();
    return readFileSync(optimizedModelFilePath);
  } finally {
    discard(folder);
  }
}

function sessionOptions(settings: SessionSettings, traces?: string): ort.InferenceSession.SessionOptions {
  const { backend, threads, spinning, optimize, simulateQuantization, frugal } = settings;
  const entries = { intra_op: { allow_spinning: spinning ? '1' : '0' }, ...(simulateQuantization && { disable_quant_qdq: '1' }) };
  const disabled = { disable_specified_optimizers: frugal ? 'CommonSubexpressionElimination' : '' };
  return {
    executionProviders: [backend],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: optimize === 'none' ? 'disabled' : optimize,
    // The plan of a first run's memory is laid out beside that memory, and both are kept: a training step, whose activations live until the
    // backward pass, then holds nearly twice as much and is no faster.
    enableMemPattern: Object.keys(settings.resident).length === 0,
    logSeverityLevel: FATAL,
    extra: { session: entries, optimization: disabled },
    ...(traces !== undefined && { enableProfiling: true, profileFilePrefix: join(traces, 'trace') }),
  };
}

function portOf(metadata: ort.InferenceSession.ValueMetadata): Port {
  if (!metadata.isTensor) return { name: metadata.name, shape: [] };
  return { name: metadata.name, dtype: metadata.type as DataType, shape: [...metadata.shape] };
}

function discard(folder: string | undefined): void {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}
