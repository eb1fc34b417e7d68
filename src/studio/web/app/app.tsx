import { useEffect, useRef } from 'preact/hooks';
import { api } from '../api/client.js';
import { Failure } from '../parts/states.js';
import { RunsView } from '../views/runs.js';
import { Announcer } from './announce.js';
import { useLoaded } from './hooks.js';
import { Lazy } from './lazy.js';
import { link, type Route, useRoute } from './route.js';

const load = {
  run: () => import('../views/run/run.js').then(({ RunView }) => RunView),
  compare: () => import('../views/compare/compare.js').then(({ CompareView }) => CompareView),
  graph: () => import('../views/graph/graph.js').then(({ GraphView }) => GraphView),
  devices: () => import('../device-lab/view.js').then(({ DevicesView }) => DevicesView),
  start: () => import('../views/start/start.js').then(({ StartView }) => StartView),
};

/** The studio: a header, and the view that the address names. */
export function App() {
  const route = useRoute();
  const { value: session, failure, retry } = useLoaded(api.session, 'session');
  const main = useRef<HTMLElement>(null);
  const [view = 'runs'] = route.parts;
  const path = route.parts.slice(0, 2).join('/');
  const isFirst = useRef(true);
  // Another view is read from its beginning.
  useEffect(() => {
    if (!isFirst.current) {
      scrollTo(0, 0);
      main.current?.focus({ preventScroll: true });
    }
    isFirst.current = false;
    document.title = titleOf(route);
  }, [path]);
  const canStart = session?.canStart === true;
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <header class="top">
        <a class="brand" href={link([])}>
          Espalier Studio
        </a>
        <nav aria-label="Studio">
          <a href={link([])} aria-current={view === 'runs' || view === 'run' || view === 'graph' ? 'page' : undefined}>
            Runs
          </a>
          <a href={link(['compare'])} aria-current={view === 'compare' ? 'page' : undefined}>
            Compare
          </a>
          <a href={link(['devices'])} aria-current={view === 'devices' ? 'page' : undefined}>
            Devices
          </a>
          <a href="tab">All in the tab</a>
          {canStart && (
            <a href={link(['start'])} aria-current={view === 'start' ? 'page' : undefined}>
              Start
            </a>
          )}
        </nav>
        {session && <span class="quiet version">{session.version}</span>}
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {failure && <Failure failure={failure} onRetry={retry} />}
        <View route={route} canStart={canStart} maxUpload={session?.maxUpload} />
      </main>
      <Announcer />
    </>
  );
}

function View({ route, canStart, maxUpload }: { route: Route; canStart: boolean; maxUpload?: number }) {
  const [view = 'runs', id, ...rest] = route.parts;
  if (view === 'runs') return <RunsView canStart={canStart} />;
  if (view === 'run' && id !== undefined) return <Lazy key="run" load={load.run} props={{ id, tab: rest[0], query: route.query }} />;
  if (view === 'graph' && rest[0] !== undefined) return <Lazy key="graph" load={load.graph} props={{ id, model: rest[0] }} />;
  if (view === 'compare') return <Lazy key="compare" load={load.compare} props={{ query: route.query }} />;
  if (view === 'devices') return <Lazy key="devices" load={load.devices} props={{}} />;
  if (view === 'start') return <Lazy key="start" load={load.start} props={{ canStart, maxUpload }} />;
  return (
    <>
      <h1>There is no such page</h1>
      <p>
        <a href={link([])}>All runs</a>
      </p>
    </>
  );
}

function titleOf({ parts: [view = 'runs', id] }: Route): string {
  const name = { runs: 'Runs', compare: 'Compare', devices: 'Devices', start: 'Start a run', run: id, graph: 'Graph' }[view] ?? 'Studio';
  return `${name} · Espalier Studio`;
}
