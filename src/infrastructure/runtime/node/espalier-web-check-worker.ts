import { type MessagePort, parentPort } from 'node:worker_threads';
import { type OrtSession, type OrtTensor, received, sendable } from '../shared/ort.js';
import type { SentTensor, SentTensors } from '../shared/protocol.js';

/** What the worker is asked, and what it answers. */
export interface WebRequest {
  readonly model: Uint8Array;
  readonly feeds: SentTensors;
  readonly fetch: readonly string[];
}
export type WebReply = { readonly outputs: SentTensors } | { readonly failure: string } | { readonly absent: true };

const port = parentPort as MessagePort;

port.once('message', async (request: WebRequest) => {
  port.postMessage(await attempt(request));
  port.close();
});

async function attempt({ model, feeds, fetch }: WebRequest): Promise<WebReply> {
  const web = await import('onnxruntime-web').catch(() => undefined);
  if (!web) return { absent: true };
  try {
    web.env.logLevel = 'fatal';
    web.env.wasm.numThreads = 1;
    const session = await web.InferenceSession.create(model, { executionProviders: ['wasm'], logSeverityLevel: 4 });
    const computed = (await (session as OrtSession).run(received(feeds, web.Tensor), fetch)) as Record<string, OrtTensor>;
    const outputs: Record<string, SentTensor> = {};
    for (const name of fetch) outputs[name] = await sendable(computed[name], true);
    return { outputs };
  } catch (cause) {
    return { failure: cause instanceof Error ? cause.message : String(cause) };
  }
}
