import { type MessagePort, parentPort } from 'node:worker_threads';
import { type OrtSession, type OrtTensor, received, sendable } from '../shared/ort.js';
import type { SentTensor, SentTensors } from '../shared/protocol.js';

/** What the worker is asked, and what it answers. */
export interface WebRequest {
  readonly model: Uint8Array;
  readonly feeds: SentTensors;
  /** Outputs wanted; all where none is named. */
  readonly fetch: readonly string[];
  /** Further runs, which are timed. */
  readonly runs: number;
}
export type WebReply =
  | { readonly outputs: SentTensors; readonly milliseconds: readonly number[] }
  | { readonly failure: string }
  | { readonly absent: true };

const port = parentPort as MessagePort;

port.on('message', async (request: WebRequest) => {
  port.postMessage(await attempt(request));
});

async function attempt({ model, feeds, fetch, runs }: WebRequest): Promise<WebReply> {
  const web = await import('onnxruntime-web').catch(() => undefined);
  if (!web) return { absent: true };
  try {
    web.env.logLevel = 'fatal';
    web.env.wasm.numThreads = 1;
    const session = await web.InferenceSession.create(model, { executionProviders: ['wasm'], logSeverityLevel: 4 });
    const wanted = fetch.length > 0 ? fetch : session.outputNames;
    const given = received(feeds, web.Tensor);
    const computed = (await (session as OrtSession).run(given, wanted)) as Record<string, OrtTensor>;
    const milliseconds: number[] = [];
    for (let run = 0; run < runs; run++) {
      const start = performance.now();
      await (session as OrtSession).run(given, wanted);
      milliseconds.push(performance.now() - start);
    }
    const outputs: Record<string, SentTensor> = {};
    for (const name of fetch) outputs[name] = await sendable(computed[name], true);
    await session.release();
    return { outputs, milliseconds };
  } catch (cause) {
    return { failure: cause instanceof Error ? cause.message : String(cause) };
  }
}
