import { main } from '#dist/cli/main.js';
import type { Ran } from './run.js';

/*
 * A process in which command lines run one after the other, as `espalier` runs one: modules are loaded once. Each message holds the arguments of one; what it wrote and its code go back.
 */
// Each command listens for what goes wrong with them until its process ends, which here is that of all.
for (const stream of [process.stdout, process.stderr]) stream.setMaxListeners(0);
process.on('message', async (args: readonly string[]) => {
  const said = { stdout: '', stderr: '' };
  const streams = ['stdout', 'stderr'] as const;
  const writes = streams.map((name) => process[name].write);
  for (const name of streams) {
    process[name].write = ((text: string | Uint8Array, ...rest: unknown[]) => {
      said[name] += typeof text === 'string' ? text : Buffer.from(text).toString();
      for (const each of rest) if (typeof each === 'function') each();
      return true;
    }) as typeof process.stdout.write;
  }
  const code = await main(args);
  for (const [place, name] of streams.entries()) process[name].write = writes[place];
  process.send?.({ code, ...said } satisfies Ran);
});
