import { Answers, buffersOf } from '../shared/answers.js';
import type { Reply, Request } from '../shared/protocol.js';
import { load } from './session.js';

/** What is used here of a web worker's global scope. */
interface WorkerScope {
  onmessage: ((event: { readonly data: Request }) => void) | null;
  postMessage(message: Reply, transfer: readonly ArrayBuffer[]): void;
}

const scope = globalThis as unknown as WorkerScope;
const answers = new Answers({ load });
let queue = Promise.resolve();

scope.onmessage = ({ data }) => {
  queue = queue.then(async () => {
    const reply = await answers.to(data);
    scope.postMessage(reply, buffersOf(reply));
  });
};
