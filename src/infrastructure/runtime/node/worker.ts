import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { BUSY, type Reply, type Request, STOP, type WorkerData } from './protocol.js';
import { optimizedBy, Session } from './session.js';

const port = parentPort as MessagePort;
const { flags } = workerData as WorkerData;
const stopped = () => Atomics.load(flags, STOP) === 1;
let session: Session | undefined;
let queue = Promise.resolve();

port.on('message', (request: Request) => {
  queue = queue.then(() => answer(request));
});

async function answer(request: Request): Promise<void> {
  const reply = await inNativeCode(() => attempt(request));
  try {
    port.postMessage(reply, buffersOf(reply));
  } catch (cause) {
    port.postMessage({ id: request.id, failure: String(cause) } satisfies Reply);
  }
  if (request.call === 'dispose') port.close();
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

async function attempt(request: Request): Promise<Reply> {
  const { id } = request;
  if (stopped() && request.call !== 'dispose') return { id, skipped: true };
  try {
    return { id, value: await perform(request) };
  } catch (cause) {
    return { id, failure: cause instanceof Error ? cause.message : String(cause) };
  }
}

async function perform(request: Request) {
  if (request.call === 'load') {
    session = await Session.load(request.source, request.settings);
    return { inputs: session.inputs, outputs: session.outputs };
  }
  if (request.call === 'optimize') return { model: await optimizedBy(request.source, request.settings) };
  if (request.call === 'dispose') {
    await session?.release();
    session = undefined;
    return undefined;
  }
  if (!session) throw new Error('No model is loaded.');
  switch (request.call) {
    case 'run':
      return session.run(request.feeds, request.fetch);
    case 'time':
      return session.time(request.feeds, request.fetch, request.times, stopped);
    case 'state':
      return session.state(request.names);
    case 'setState':
      session.setState(request.state);
      return undefined;
    case 'profile':
      return session.profile();
  }
}

/** The buffers of a reply's tensors, to be moved instead of copied. */
function buffersOf(reply: Reply): ArrayBuffer[] {
  if (!('value' in reply) || typeof reply.value !== 'object') return [];
  const buffers = Object.values(reply.value).flatMap((item) => (ArrayBuffer.isView(item?.contents) ? [item.contents.buffer] : []));
  return [...new Set(buffers)].filter((buffer): buffer is ArrayBuffer => buffer.byteLength > 0);
}
