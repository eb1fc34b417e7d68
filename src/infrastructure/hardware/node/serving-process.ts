// A process that serves one model and does nothing else, so that the memory it takes is the model's: started by serving-apart.ts, which says what to serve.
import { createNodeRuntime } from '../../runtime/node/index.js';
import { measureServing } from './serving.js';
import { type Answer, type Order, unpacked } from './serving-order.js';

process.once('message', async ({ path, feeds, options }: Order) => {
  const runtime = createNodeRuntime({ threads: 1 });
  const answer: Answer = await measureServing(runtime, { path }, { ...options, feeds: unpacked(feeds) }).then(
    (serving) => ({ serving }),
    ({ message }: Error) => ({ message }),
  );
  await runtime.dispose();
  process.send?.(answer, () => process.disconnect());
});
