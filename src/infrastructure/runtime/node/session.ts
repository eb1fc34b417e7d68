import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import type { NodeTiming } from '../contract.js';
import { sessionOptions } from '../shared/options.js';
import type { OrtTensor } from '../shared/ort.js';
import type { SessionSettings } from '../shared/protocol.js';
import { Session, type Traces } from '../shared/session.js';
import { collectNew } from './collect.js';
import { summarizeTrace } from './trace.js';

// What goes wrong is thrown; ONNX Runtime's own lines on the terminal would only repeat it.
ort.env.logLevel = 'fatal';

export async function load(source: Uint8Array | string, settings: SessionSettings): Promise<Session> {
  const traces = settings.profile ? new TraceFolder() : undefined;
  const options = { ...sessionOptions(settings), ...traces?.options };
  try {
    const session = await (typeof source === 'string'
      ? ort.InferenceSession.create(source, options)
      : ort.InferenceSession.create(source, options));
    traces?.watch(session);
    return new Session(session, settings.resident, { Tensor: ort.Tensor, traces, free: release });
  } catch (cause) {
    traces?.discard();
    throw cause;
  }
}

/** The model that ONNX Runtime's optimizer makes of another one. It hands it over as a file only. */
export async function optimize(source: Uint8Array, settings: SessionSettings): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), `espalier-model-${process.pid}-`));
  try {
    const optimizedModelFilePath = join(folder, 'model.onnx');
    // The session itself runs nothing.
    const options = { ...sessionOptions({ ...settings, threads: 1 }), enableCpuMemArena: false, optimizedModelFilePath };
    const session = await ort.InferenceSession.create(source, options);
    await session.release();
    return readFileSync(optimizedModelFilePath);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Gives the memory of tensors back at once. V8 would let old states of a training pile up: it sees small objects, and memory that is not its own.
 * The memory goes over to new objects that nothing refers to, which even the quickest collection finds.
 */
function release(tensors: readonly OrtTensor[]): void {
  const buffers = new Set<ArrayBuffer>();
  for (const tensor of tensors) {
    const { data, location } = tensor as ort.Tensor;
    if (location === 'cpu' && ArrayBuffer.isView(data)) buffers.add(data.buffer as ArrayBuffer);
    else tensor.dispose();
  }
  if (buffers.size === 0) return;
  structuredClone(undefined, { transfer: [...buffers] });
  collectNew();
}

/** The temporary folder that ONNX Runtime writes a session's profile to. */
class TraceFolder implements Traces {
  readonly #folder = mkdtempSync(join(tmpdir(), `espalier-profile-${process.pid}-`));
  #session?: ort.InferenceSession;
  #timings?: NodeTiming[];

  get options(): ort.InferenceSession.SessionOptions {
    return { enableProfiling: true, profileFilePrefix: join(this.#folder, 'trace') };
  }

  watch(session: ort.InferenceSession): void {
    this.#session = session;
  }

  timings(): NodeTiming[] {
    if (!this.#timings) {
      this.#session?.endProfiling();
      const files = readdirSync(this.#folder).filter((file) => file.endsWith('.json'));
      this.#timings = summarizeTrace(files.flatMap((file) => JSON.parse(readFileSync(join(this.#folder, file), 'utf8'))));
      this.discard();
    }
    return this.#timings;
  }

  discard(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
