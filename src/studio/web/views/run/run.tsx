import { useMemo } from 'preact/hooks';
import type { LiveRun, RunInfo } from '../../../../strategies/index.js';
import { infoOf } from '../../../view/index.js';
import { api } from '../../api/client.js';
import { useFollowed, useLoaded } from '../../app/hooks.js';
import { link } from '../../app/route.js';
import { Disconnected, Failure, Loading } from '../../parts/states.js';
import { FrontTab } from './front-tab.js';
import { ParametersTab } from './parameters-tab.js';
import { ProgressTab } from './progress-tab.js';
import { RunHeader } from './run-header.js';
import { TrialsTab } from './trials-tab.js';
import { WorkersTab } from './workers-tab.js';

const TABS = [
  ['front', 'Front', FrontTab],
  ['trials', 'Trials', TrialsTab],
  ['progress', 'Progress', ProgressTab],
  ['parameters', 'Parameters', ParametersTab],
  ['workers', 'Workers', WorkersTab],
] as const;

/** A run as it stands, growing while one looks. */
export function RunView({ id, tab = 'front', query }: { id: string; tab?: string; query: URLSearchParams }) {
  const { run, connection, failure } = useFollowed(id);
  const info = useInfo(id, run);
  if (failure && !run) return <Failure failure={failure} />;
  if (!run) return connection === 'lost' ? <Disconnected>The page tries again by itself.</Disconnected> : <Loading what="the run" />;
  const [, , Tab] = TABS.find(([name]) => name === tab) ?? TABS[0];
  return (
    <>
      {failure ? <Failure failure={failure} /> : connection === 'lost' && <Disconnected />}
      {connection === 'gone' && (
        <p class="notice warn-notice" role="status">
          The run's folder is gone: this is what was last known of it.
        </p>
      )}
      <RunHeader id={id} run={run} info={info} canSteer={connection === 'live'} />
      <nav class="tabs" aria-label="Parts of the run">
        {TABS.map(([name, title]) => (
          <a key={name} href={link(['run', id, name])} aria-current={name === tab ? 'page' : undefined}>
            {title}
          </a>
        ))}
      </nav>
      <Tab id={id} run={run} info={info} query={query} />
    </>
  );
}

/** What the report would draw: of a complete run its front.json, which has the test part. */
function useInfo(id: string, run: LiveRun | undefined): RunInfo | undefined {
  const isComplete = run?.state === 'complete';
  const { value: front } = useLoaded(async () => (isComplete ? await api.front(id) : undefined), `${id} ${isComplete}`);
  return useMemo(() => front ?? (run && infoOf(run)), [front, run]);
}
