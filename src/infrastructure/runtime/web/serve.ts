import { Answers, buffersOf } from '../shared/answers.js';
import type { Reply, Request, SessionSettings } from '../shared/protocol.js';
import { load, type OnnxRuntime } from './session.js';

/** What is used here of a web worker's global scope. */
interface WorkerScope {
  readonly name: string;
  onmessage: ((event: { readonly data: Request }) => void) | null;
  postMessage(message: Reply, transfer: readonly ArrayBuffer[]): void;
}

/**
 * Answers calls in a web worker.
 * @param runtime gives onnxruntime-web, in the build for these settings.
 */
export function serve(runtime: (settings: SessionSettings) => OnnxRuntime | Promise<OnnxRuntime>): void {
  const scope = globalThis as unknown as WorkerScope;
  // onnxruntime-web's threads run the script once more that it lies in, which in a bundle is this one. Their messages are not for us.
  if (scope.name.startsWith('em-pthread')) return;
  const answers = new Answers({ load: async (source, settings) => load(await runtime(settings), source, settings) });
  let queue = Promise.resolve();
  scope.onmessage = ({ data }) => {
    queue = queue.then(async () => {
      const reply = await answers.to(data);
      scope.postMessage(reply, buffersOf(reply));
    });
  };
}
