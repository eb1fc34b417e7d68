import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import type { NodeTiming } from '../contract.js';
import { sessionOptions } from '../shared/options.js';
import type { SessionSettings } from '../shared/protocol.js';
import { Session, type Traces } from '../shared/session.js';
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
    return new Session(session, ort.Tensor, settings.resident, traces);
  } catch (cause) {
    traces?.discard();
    throw cause;
  }
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
