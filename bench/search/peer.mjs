// The other side of peer.py.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Starts Optuna in a Python of its own. */
export async function openPeer(python) {
  const child = spawn(python, [fileURLToPath(new URL('./peer.py', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, OMP_NUM_THREADS: '1' },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const say = (message) => child.stdin.write(`${JSON.stringify(message)}\n`);
  const hear = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${python} ended early; does it have optuna 5?`);
    return JSON.parse(value);
  };
  const { version } = await hear();
  return {
    version,
    /** The values of one study's trials, in order, and what each suggestion took. */
    study: async (problem, sampler, seed, trials) => {
      const { space, directions } = problem;
      say({ sampler, seed, directions, space, trials });
      const values = [];
      for (let i = 0; i < trials; i++) {
        const { point } = await hear();
        values.push(await problem.evaluate(point));
        say({ values: values[i] });
      }
      const { milliseconds } = await hear();
      return { values, milliseconds };
    },
    close: async () => {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}
