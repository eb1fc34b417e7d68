import type { NodeTiming, RunStats } from '../contract.js';
import { type OrtSession, type OrtTensor, type OrtTensorClass, portOf, received, sendable } from './ort.js';
import type { Port, SentTensors } from './protocol.js';

/** What a session writes down of its runs. */
export interface Traces {
  /** Ends the recording. */
  timings(): NodeTiming[];
  discard(): void;
}

/** What a package of ONNX Runtime brings besides its session. */
export interface SessionParts {
  readonly Tensor: OrtTensorClass;
  readonly traces?: Traces;
  /** Bytes that ONNX Runtime holds, where that can be told. */
  readonly memory?: () => number;
  /** Lets go of tensors that nothing holds any more. Default: disposes of them. */
  readonly free?: (tensors: readonly OrtTensor[]) => void;
}

/** Bytes fed to a run whose memory is given back at once. */
const LARGE = 2 ** 18;

/** One ONNX Runtime session and the inputs that live with it. Runs in a worker. */
export class Session {
  readonly #session: OrtSession;
  readonly #parts: SessionParts;
  readonly #resident: Readonly<Record<string, string | null>>;
  readonly #state = new Map<string, OrtTensor>();

  constructor(session: OrtSession, resident: Readonly<Record<string, string | null>>, parts: SessionParts) {
    this.#session = session;
    this.#resident = resident;
    this.#parts = parts;
  }

  get inputs(): Port[] {
    return this.#session.inputMetadata.map(portOf);
  }

  get outputs(): Port[] {
    return this.#session.outputMetadata.map(portOf);
  }

  async run(feeds: SentTensors, fetch: readonly string[]): Promise<SentTensors> {
    const given = received(feeds, this.#parts.Tensor);
    const { outputs } = await this.#step(given, fetch);
    // A resident value that is also wanted outside is copied: its memory stays here.
    const kept = new Set(this.#state.values());
    const answer = await sent(fetch, async (name) => sendable(outputs[name], kept.has(outputs[name])));
    // Nobody else has what was fed, and large inputs of many runs would pile up until they are collected.
    if (bytesIn(feeds) >= LARGE) this.#parts.free?.(Object.values(given));
    return answer;
  }

  async time(feeds: SentTensors, fetch: readonly string[], times: number, stopped: () => boolean): Promise<RunStats[]> {
    const given = received(feeds, this.#parts.Tensor);
    const stats: RunStats[] = [];
    while (stats.length < times && !stopped()) stats.push({ milliseconds: (await this.#step(given, fetch)).milliseconds });
    return stats;
  }

  async #step(feeds: Record<string, OrtTensor>, fetch: readonly string[]) {
    const next = Object.entries(this.#resident).filter((pair): pair is [string, string] => pair[1] !== null);
    const wanted = [...new Set([...fetch, ...next.map(([, output]) => output)])];
    const all = { ...feeds, ...Object.fromEntries(this.#state) };
    const start = performance.now();
    const outputs = (await this.#session.run(all, wanted)) as Record<string, OrtTensor>;
    const milliseconds = performance.now() - start;
    this.#replace(next.map(([input, output]) => [input, outputs[output]]));
    return { outputs, milliseconds };
  }

  /** Neither memory of a graphics card nor that of ONNX Runtime is collected as garbage in time. */
  #replace(next: readonly (readonly [name: string, tensor: OrtTensor])[]): void {
    const old = new Set(next.flatMap(([name]) => this.#state.get(name) ?? []));
    for (const [name, tensor] of next) this.#state.set(name, tensor);
    for (const tensor of this.#state.values()) old.delete(tensor);
    const { free = disposeOf } = this.#parts;
    free([...old]);
  }

  state(names: readonly string[]): Promise<SentTensors> {
    return sent(names, (name) => sendable(this.#state.get(name) as OrtTensor, true));
  }

  setState(state: SentTensors): void {
    this.#replace(Object.entries(received(state, this.#parts.Tensor)));
  }

  memory(): number | undefined {
    return this.#parts.memory?.();
  }

  profile(): NodeTiming[] {
    return this.#parts.traces?.timings() ?? [];
  }

  async release(): Promise<void> {
    this.#state.clear();
    await this.#session.release();
    this.#parts.traces?.discard();
  }
}

function bytesIn(tensors: SentTensors): number {
  return Object.values(tensors).reduce((sum, { contents }) => sum + (ArrayBuffer.isView(contents) ? contents.byteLength : 0), 0);
}

function disposeOf(tensors: readonly OrtTensor[]): void {
  for (const tensor of tensors) tensor.dispose();
}

async function sent(names: readonly string[], tensor: (name: string) => Promise<SentTensors[string]>): Promise<SentTensors> {
  const pairs: [string, SentTensors[string]][] = [];
  for (const name of names) pairs.push([name, await tensor(name)]);
  return Object.fromEntries(pairs);
}
