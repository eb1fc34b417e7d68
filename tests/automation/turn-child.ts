import { inTurn } from 'espalier/automation/node';

// Run by turn.test.ts, which kills it while it has its turn.
const [path] = process.argv.slice(2);
await inTurn(path, async () => {
  process.send?.('at work');
  await new Promise(() => setInterval(() => undefined, 1000));
});
