import type * as Ort from 'onnxruntime-web';
import { sessionOptions } from '../shared/options.js';
import type { OrtSession } from '../shared/ort.js';
import type { SessionSettings } from '../shared/protocol.js';
import { Session } from '../shared/session.js';
import { heldBytes, watchMemories } from './held.js';

/** onnxruntime-web, in one of its builds. */
export type OnnxRuntime = typeof Ort;

export async function load(ort: OnnxRuntime, source: Uint8Array | string, settings: SessionSettings): Promise<Session> {
  // What goes wrong is thrown; ONNX Runtime's own lines on the console would only repeat it.
  ort.env.logLevel = 'fatal';
  watchMemories();
  ort.env.wasm.numThreads = settings.threads;
  const session = await ort.InferenceSession.create(source as Uint8Array, { ...sessionOptions(settings), ...placement(settings) });
  return new Session(settings.backend === 'webgpu' ? untilItFails(session) : session, settings.resident, {
    Tensor: ort.Tensor,
    memory: heldBytes,
  });
}

/** On WebGPU, after a run that failed, onnxruntime-web (1.30) never ends another: it is refused instead. */
function untilItFails(session: OrtSession): OrtSession {
  const { inputMetadata, outputMetadata } = session;
  let hasFailed = false;
  return {
    inputMetadata,
    outputMetadata,
    run: async (feeds, fetch) => {
      if (hasFailed) throw new Error('A run failed before, after which WebGPU programs cannot go on in a page; compile the model again');
      try {
        return await session.run(feeds, fetch);
      } catch (cause) {
        hasFailed = true;
        throw cause;
      }
    },
    release: () => session.release(),
  };
}

/** Outputs that become inputs of the next run need not leave the graphics card. */
function placement({ backend, resident }: SessionSettings): Ort.InferenceSession.SessionOptions {
  if (backend !== 'webgpu') return {};
  const stay = Object.values(resident).filter((name) => name !== null);
  return stay.length === 0 ? {} : { preferredOutputLocation: Object.fromEntries(stay.map((name) => [name, 'gpu-buffer'])) };
}
