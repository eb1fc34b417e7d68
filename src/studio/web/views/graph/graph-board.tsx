import { useEffect, useMemo, useState } from 'preact/hooks';
import type { GraphInfo } from '../../../api/index.js';
import { heats, type NodeCost, nodeCosts } from '../../../view/index.js';
import { Choice } from '../../parts/choice.js';
import { Loading, Panel } from '../../parts/states.js';
import { GraphCanvas } from './graph-canvas.js';
import { LayerList } from './layer-list.js';
import type { Layout } from './layout.js';
import { NodeDetails } from './node-details.js';

/** How a graph is laid out, away from the page's thread. @throws the signal's reason when it is aborted. */
export type LayOut = (graph: GraphInfo, signal: AbortSignal) => Promise<Layout>;

/** A graph, its layers coloured by what they cost, beside the list of them. */
export function GraphBoard({ graph, layOut }: { graph: GraphInfo; layOut: LayOut }) {
  const { layout, failure } = useLayout(graph, layOut);
  const [cost, setCost] = useState<NodeCost>('macs');
  const [chosen, setChosen] = useState<number>();
  const [sought, setSought] = useState('');
  const hot = useMemo(() => heats(graph.nodes, cost), [graph, cost]);
  const options = Object.entries(nodeCosts) as [NodeCost, string][];
  return (
    <div class="graph-board">
      <Panel title="Graph" tools={<Choice label="Coloured by" value={cost} options={options} onChange={setCost} />}>
        {failure !== undefined && (
          <p class="notice bad-notice" role="alert">
            {failure}
          </p>
        )}
        {!layout && failure === undefined && <Loading what={`the layout of ${graph.nodes.length} nodes`} />}
        {layout && <GraphCanvas picture={{ graph, layout, heats: hot, chosen }} onChoose={setChosen} />}
        <p class="legend-scale quiet">
          <span class="scale" /> a thousandth of the costliest, to the costliest; without colour: less, or nothing
        </p>
      </Panel>
      <Panel
        title="Layers"
        tools={
          <label>
            Search <input type="search" value={sought} onInput={(event) => setSought(event.currentTarget.value)} />
          </label>
        }
      >
        <LayerList graph={graph} cost={cost} sought={sought} chosen={chosen} onChoose={setChosen} />
        {chosen !== undefined && <NodeDetails graph={graph} index={chosen} onChoose={setChosen} />}
      </Panel>
    </div>
  );
}

function useLayout(graph: GraphInfo, layOut: LayOut): { layout?: Layout; failure?: string } {
  const [state, setState] = useState<{ layout?: Layout; failure?: string }>({});
  useEffect(() => {
    const abort = new AbortController();
    setState({});
    layOut(graph, abort.signal).then(
      (layout) => setState({ layout }),
      (error: unknown) => abort.signal.aborted || setState({ failure: error instanceof Error ? error.message : String(error) }),
    );
    return () => abort.abort();
  }, [graph, layOut]);
  return state;
}
