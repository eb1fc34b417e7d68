import { useMemo } from 'preact/hooks';
import { formatBytes, formatCount } from '../../../../report/info/index.js';
import type { GraphInfo, GraphNode } from '../../../api/index.js';
import { type NodeCost, nodeCosts } from '../../../view/index.js';
import { type Column, Table } from '../../parts/table.js';

export interface LayerListProps {
  readonly graph: GraphInfo;
  readonly cost: NodeCost;
  /** Nodes whose operator or name has it. */
  readonly sought: string;
  readonly chosen?: number;
  readonly onChoose: (node: number) => void;
}

interface Row {
  readonly index: number;
  readonly node: GraphNode;
}

/** Every node in the order of the graph, with what it costs. */
export function LayerList({ graph, cost, sought, chosen, onChoose }: LayerListProps) {
  const rows = useMemo(() => {
    const text = sought.trim().toLowerCase();
    const all = graph.nodes.map((node, index): Row => ({ index, node }));
    return text === '' ? all : all.filter(({ node }) => `${node.op} ${node.name}`.toLowerCase().includes(text));
  }, [graph, sought]);
  const columns = useMemo(
    (): Column<Row>[] => [
      {
        key: 'name',
        label: 'Layer',
        kind: 'name',
        cell: ({ index, node }) => (
          <button type="button" class="link" aria-pressed={index === chosen} onClick={() => onChoose(index)}>
            <strong>{node.op}</strong> {node.name}
          </button>
        ),
      },
      { key: 'cost', label: nodeCosts[cost], sort: ({ node }) => node[cost], cell: ({ node }) => costText(cost, node[cost]) },
    ],
    [cost, chosen],
  );
  return (
    <Table
      label="Layers"
      columns={columns}
      rows={rows}
      keyOf={({ index }) => index}
      isSelected={({ index }) => index === chosen}
      empty="No layer is called like that."
    />
  );
}

export function costText(cost: NodeCost, value: number): string {
  return cost === 'weightBytes' || cost === 'activationBytes' ? formatBytes(value) : formatCount(value);
}
