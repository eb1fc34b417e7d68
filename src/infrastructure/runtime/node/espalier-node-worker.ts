import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { Answers, buffersOf } from '../shared/answers.js';
import type { Reply, Request } from '../shared/protocol.js';
import { BUSY, END, STOP, type WorkerData } from './flags.js';
import { load, optimize } from './session.js';

const port = parentPort as MessagePort;
const { flags } = workerData as WorkerData;
const answers = new Answers({ load, optimize, stopped: () => Atomics.load(flags, STOP) === 1 });
let queue = Promise.resolve();

port.on('message', (request: Request | typeof END) => {
  queue = queue.then(() => (request === END ? port.close() : answer(request)));
});

async function answer(request: Request): Promise<void> {
  const reply = await inNativeCode(() => answers.to(request));
  try {
    port.postMessage(reply, buffersOf(reply));
  } catch (cause) {
    port.postMessage({ id: request.id, failure: String(cause) } satisfies Reply);
  }
}

/** Terminating a thread that is inside native code crashes the process, so the main thread must be able to see it. */
async function inNativeCode<T>(work: () => Promise<T>): Promise<T> {
  Atomics.store(flags, BUSY, 1);
  try {
    return await work();
  } finally {
    Atomics.store(flags, BUSY, 0);
    Atomics.notify(flags, BUSY);
  }
}
