import assert from 'node:assert/strict';
import type { Runtime } from 'espalier/infrastructure/runtime';
import { checkLinks, type Graph, isFloat, type Model, Tensor } from 'espalier/onnx';

/** Outputs of a model as ONNX Runtime gives them without optimizing anything by itself. */
export async function outputsOf(runtime: Runtime, model: Model, feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
  const program = await runtime.compile(model, { optimize: 'none', threads: 1 });
  try {
    const copies = Object.entries(feeds).map(([name, tensor]) => [name, tensor.dtype === 'string' ? tensor : copyOf(tensor)]);
    return await program.run(Object.fromEntries(copies));
  } finally {
    await program.dispose();
  }
}

/** Feeds may be transferred to another thread. */
function copyOf(tensor: Tensor): Tensor {
  return new Tensor(tensor.dtype, tensor.shape, new Uint8Array(tensor.bytes()));
}

/** Asserts the same names, types, shapes and contents; floats within `tolerance` of the output's largest magnitude. @returns the largest difference. */
export function assertSame(got: Readonly<Record<string, Tensor>>, expected: Readonly<Record<string, Tensor>>, tolerance: number): number {
  assert.deepEqual(Object.keys(got), Object.keys(expected));
  let largest = 0;
  for (const [name, wanted] of Object.entries(expected)) {
    const tensor = got[name];
    assert.deepEqual([tensor.dtype, tensor.shape], [wanted.dtype, wanted.shape], name);
    if (wanted.dtype === 'string') {
      assert.deepEqual(tensor.stringBytes(), wanted.stringBytes(), name);
      continue;
    }
    const [a, b] = [tensor.numbers(), wanted.numbers()];
    const scale = b.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0) || 1;
    for (let i = 0; i < b.length; i++) {
      if (Object.is(a[i], b[i])) continue;
      const difference = Math.abs(a[i] - b[i]) / scale;
      assert.ok(difference <= (isFloat(wanted.dtype) ? tolerance : 0), `${name}[${i}]: ${a[i]} instead of ${b[i]}`);
      largest = Math.max(largest, difference);
    }
  }
  return largest;
}

/** Nodes of a graph and of its subgraphs. */
export function countNodes(graph: Graph): number {
  return graph.nodes.reduce((sum, node) => sum + 1 + node.subgraphs().reduce((inner, each) => inner + countNodes(each), 0), 0);
}

/** Asserts that the links are whole. */
export function assertWhole(model: Model): void {
  checkLinks(model.graph);
}
