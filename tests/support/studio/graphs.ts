import type { GraphInfo, GraphNode } from '#dist/studio/api/index.js';

/** Blocks of convolutions with a way around each, as in residual networks. */
export function residualGraph(blocks: number, name = 'digits'): GraphInfo {
  const nodes: GraphNode[] = [end('input', 'image')];
  const edges: GraphInfo['edges'] = [];
  const add = (node: GraphNode, ...from: number[]): number => {
    const to = nodes.push(node) - 1;
    for (const each of from) edges.push({ from: each, to, tensor: nodes[each].name, shape: [1, 16, 8, 8] });
    return to;
  };
  let last = 0;
  for (let block = 0; block < blocks; block++) {
    const first = add(operator('Conv', `/layer${block}/conv1`, 1000 * (block + 1)), last);
    const relu = add(operator('Relu', `/layer${block}/relu`, 0), first);
    const second = add(operator('Conv', `/layer${block}/conv2`, 2000 * (block + 1)), relu);
    last = add(operator('Add', `/layer${block}/add`, 0), second, last);
  }
  add(end('output', 'logits'), last);
  return { name, nodes, edges };
}

function operator(op: string, name: string, macs: number): GraphNode {
  const attributes: Record<string, string> = op === 'Conv' ? { kernel_shape: '3, 3', group: '1' } : {};
  return {
    kind: 'operator',
    name,
    op,
    output: [1, 16, 8, 8],
    parameters: macs / 10,
    macs,
    weightBytes: macs / 2.5,
    activationBytes: 4096,
    attributes,
  };
}

function end(kind: 'input' | 'output', name: string): GraphNode {
  return {
    kind,
    name,
    op: kind === 'input' ? 'Input' : 'Output',
    parameters: 0,
    macs: 0,
    weightBytes: 0,
    activationBytes: 0,
    attributes: {},
  };
}
