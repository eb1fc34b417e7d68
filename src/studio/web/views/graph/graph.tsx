import { api } from '../../api/client.js';
import { useLoaded } from '../../app/hooks.js';
import { link } from '../../app/route.js';
import { Failure, Loading } from '../../parts/states.js';
import { GraphBoard } from './graph-board.js';
import { layOut } from './layout.js';

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
      {graph &&
        (graph.nodes.length === 0 ? <p class="quiet empty">The graph has no nodes.</p> : <GraphBoard graph={graph} layOut={layOut} />)}
    </>
  );
}
