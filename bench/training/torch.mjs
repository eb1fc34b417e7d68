import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const python = process.env.ESPALIER_PYTHON ?? 'python3';
const script = fileURLToPath(new URL('step.py', import.meta.url));

/** The PyTorch that Python has; undefined where there is none. */
export function describeTorch() {
  const { status, stdout } = spawnSync(python, ['-c', 'import torch; print(torch.__version__)'], { encoding: 'utf8' });
  return status === 0 ? { version: stdout.trim() } : undefined;
}

/** The same step in PyTorch, in a process of its own. */
export async function createTorch({ model, kind, config, sizes, batch, threads, layout, clock }) {
  const child = spawn(python, [script], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...(clock === 'processor' && { OMP_WAIT_POLICY: 'passive' }) },
  });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (question) => {
    child.stdin.write(`${JSON.stringify(question)}\n`);
    const { value, done } = await answers.next();
    if (done) throw new Error('PyTorch ended without an answer.');
    return JSON.parse(value);
  };
  await ask({ kind, config, sizes, network: kind === 'images' ? describe(model) : undefined, batch, threads, layout, clock });
  return {
    run: (steps) => ask({ steps }),
    peak: () => ask({ peak: true }),
    dispose: async () => {
      child.stdin.end();
      await new Promise((resolve) => child.once('exit', resolve));
    },
  };
}

/** The network as plain data: step.py runs its operators. */
function describe(model) {
  const { inputs, outputs, nodes, initializers } = model.graph;
  const tensors = [...initializers].map(({ name, initializer }) => [name, initializer]);
  return {
    input: { name: inputs[0].name, shape: inputs[0].shape.slice(1).map(Number) },
    output: outputs[0].name,
    shapes: Object.fromEntries(tensors.map(([name, tensor]) => [name, tensor.shape])),
    numbers: Object.fromEntries(
      tensors.filter(([, tensor]) => tensor.size === 1).map(([name, tensor]) => [name, Number(tensor.numbers()[0])]),
    ),
    nodes: nodes.map(({ op, inputs: read, outputs: made, attributes }) => ({
      op,
      inputs: read.map((value) => value?.name ?? ''),
      output: made[0].name,
      attributes: Object.fromEntries(
        [...attributes].map(([name, { value }]) => [name, Array.isArray(value) ? value.map(Number) : Number(value)]),
      ),
    })),
  };
}
