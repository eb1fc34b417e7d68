import type { GraphInfo } from '../../../api/index.js';
import { type NodeCost, nodeCosts } from '../../../view/index.js';
import { costText } from './layer-list.js';

/** A node: what it is, what it costs, and its neighbours, to go along the graph. */
export function NodeDetails({ graph, index, onChoose }: { graph: GraphInfo; index: number; onChoose: (node: number) => void }) {
  const node = graph.nodes[index];
  const before = graph.edges.filter(({ to }) => to === index);
  const after = graph.edges.filter(({ from }) => from === index);
  return (
    <section class="node-details" aria-label={`Details of ${node.op} ${node.name}`}>
      <h3>
        {node.op} <span class="quiet">{node.name}</span>
      </h3>
      <dl class="facts">
        {node.output && (
          <>
            <dt>output</dt>
            <dd>{node.output.join(' × ')}</dd>
          </>
        )}
        {(Object.entries(nodeCosts) as [NodeCost, string][]).map(([cost, label]) => (
          <div class="contents" key={cost}>
            <dt>{label}</dt>
            <dd>{costText(cost, node[cost])}</dd>
          </div>
        ))}
        {Object.entries(node.attributes).map(([name, value]) => (
          <div class="contents" key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Neighbours title="from" graph={graph} nodes={before.map(({ from }) => from)} onChoose={onChoose} />
      <Neighbours title="to" graph={graph} nodes={after.map(({ to }) => to)} onChoose={onChoose} />
    </section>
  );
}

interface NeighboursProps {
  readonly title: string;
  readonly graph: GraphInfo;
  readonly nodes: readonly number[];
  readonly onChoose: (node: number) => void;
}

function Neighbours({ title, graph, nodes, onChoose }: NeighboursProps) {
  if (nodes.length === 0) return null;
  return (
    <p class="neighbours">
      <span class="quiet">{title}</span>{' '}
      {[...new Set(nodes)].slice(0, 12).map((node) => (
        <button key={node} type="button" class="small" onClick={() => onChoose(node)}>
          {graph.nodes[node]?.op} {graph.nodes[node]?.name}
        </button>
      ))}
    </p>
  );
}
