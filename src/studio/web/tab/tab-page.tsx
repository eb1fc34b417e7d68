import { useCallback } from 'preact/hooks';
import { Announcer } from '../app/announce.js';
import type { LayOut } from '../views/graph/graph-board.js';
import type { Client } from './client.js';
import { DataPanel } from './data-panel.js';
import { Inspection, Layers } from './inspection.js';
import { MadePanel } from './made-panel.js';
import { ModelPanel } from './model-panel.js';
import { QuantizePanel } from './quantize-panel.js';
import { TunePanel } from './tune-panel.js';
import { useWork, type Work } from './use-work.js';

export function TabPage({ client }: { client: Client }) {
  const work = useWork(client);
  const { model, made } = work;
  const layOut: LayOut = useCallback(
    ({ nodes, edges }) => client.ask('layout', { nodes: nodes.length, edges: edges.map(({ from, to }) => ({ from, to })) }),
    [client],
  );
  return (
    <main id="main">
      <header class="intro">
        <p>
          <a class="brand" href="./">
            Espalier Studio
          </a>
        </p>
        <h1>All in the tab</h1>
        <p class="lead">
          Look into a model, quantize it and train it a little. The model and the data stay in this tab: nothing is sent anywhere, and once
          the page is loaded it needs no network.
        </p>
        <Readiness {...work} />
      </header>
      <ModelPanel work={work} />
      {model && <Inspection model={model} />}
      {model && <DataPanel work={work} />}
      {model && (
        <div class="grid">
          <QuantizePanel work={work} />
          <TunePanel work={work} />
        </div>
      )}
      {made.map((each, index) => (
        <MadePanel key={made.length - index} made={each} isBusy={work.job !== undefined} onGoOn={(file) => work.open(file)} />
      ))}
      {model && <Layers model={model} layOut={layOut} />}
      <Announcer />
    </main>
  );
}

function Readiness({ threads, failure }: Work) {
  if (failure?.kind === 'warm')
    return (
      <p class="notice bad-notice" role="alert">
        ONNX Runtime did not load: models can be looked into, not run. {failure.text}
      </p>
    );
  if (threads === undefined)
    return (
      <p class="quiet" data-ready="false">
        Loading ONNX Runtime (14 MB) …
      </p>
    );
  return (
    <p class="quiet" data-ready="true">
      <span class="dot" aria-hidden="true" /> Everything is loaded: you may go offline. ONNX Runtime has{' '}
      {threads === 1 ? 'one thread' : `${threads} threads`}.
    </p>
  );
}
