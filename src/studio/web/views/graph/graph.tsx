import { useEffect, useMemo, useState } from 'preact/hooks';
import type { GraphInfo } from '../../../api/index.js';
import { heats, type NodeCost, nodeCosts } from '../../../view/index.js';
import { type ApiFailure, api } from '../../api/client.js';
import { asFailure, useLoaded } from '../../app/hooks.js';
import { link } from '../../app/route.js';
import { Choice } from '../../parts/choice.js';
import { Failure, Loading, Panel } from '../../parts/states.js';
import { GraphCanvas } from './graph-canvas.js';
import { LayerList } from './layer-list.js';
import { type Layout, layOut } from './layout.js';
import { NodeDetails } from './node-details.js';

/** A model's graph, its layers coloured by what they cost, beside the list of them. */
export function GraphView({ id, model }: { id: string; model: string }) {
  const { value: graph, failure, retry } = useLoaded(() => api.graph(id, model), `${id} ${model}`);
  return (
    <>
      <header class="view-head">
        <div class="titles">
          <p class="meta">
            <a href={link(['run', id], { model })}>← {id}</a>
          </p>
          <h1>{graph?.name ?? 'Graph'}</h1>
        </div>
      </header>
      {failure && <Failure failure={failure} onRetry={retry} />}
      {!graph && !failure && <Loading what="the graph" />}
      {graph && (graph.nodes.length === 0 ? <p class="quiet empty">The graph has no nodes.</p> : <Graph graph={graph} />)}
    </>
  );
}

function Graph({ graph }: { graph: GraphInfo }) {
  const { layout, failure } = useLayout(graph);
  const [cost, setCost] = useState<NodeCost>('macs');
  const [chosen, setChosen] = useState<number>();
  const [sought, setSought] = useState('');
  const hot = useMemo(() => heats(graph.nodes, cost), [graph, cost]);
  const options = Object.entries(nodeCosts) as [NodeCost, string][];
  return (
    <div class="graph-board">
      <Panel title="Graph" tools={<Choice label="Coloured by" value={cost} options={options} onChange={setCost} />}>
        {failure && <Failure failure={failure} />}
        {!layout && !failure && <Loading what={`the layout of ${graph.nodes.length} nodes`} />}
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

function useLayout(graph: GraphInfo): { layout?: Layout; failure?: ApiFailure } {
  const [state, setState] = useState<{ layout?: Layout; failure?: ApiFailure }>({});
  useEffect(() => {
    const abort = new AbortController();
    setState({});
    layOut(graph, abort.signal).then(
      (layout) => setState({ layout }),
      (error: unknown) => abort.signal.aborted || setState({ failure: asFailure(error) }),
    );
    return () => abort.abort();
  }, [graph]);
  return state;
}
