import { useMemo, useState } from 'preact/hooks';
import type { RunSummary } from '../../api/index.js';
import { ago, isAtWork, timeLeft, trialsInWords } from '../../view/index.js';
import { api } from '../api/client.js';
import { useNow, usePolled } from '../app/hooks.js';
import { link } from '../app/route.js';
import { Disconnected, Failure, Loading, Meter, StateBadge } from '../parts/states.js';
import { type Column, Table } from '../parts/table.js';

/** All runs of the studio's folder; two and more can be compared. */
export function RunsView({ canStart }: { canStart: boolean }) {
  const { value: runs, failure, retry } = usePolled(api.runs);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const now = useNow(10_000);
  const columns = useMemo(() => columnsOf(chosen, setChosen, now), [chosen, now]);
  const known = [...chosen].filter((id) => runs?.some((run) => run.id === id));
  return (
    <>
      <header class="view-head">
        <h1>Runs</h1>
        <div class="actions">
          {known.length >= 2 ? (
            <a class="button" href={link(['compare'], new URLSearchParams(known.map((id) => ['run', id])))}>
              Compare {known.length} runs
            </a>
          ) : (
            <span class="quiet">Choose two or more to compare them.</span>
          )}
          {canStart && (
            <a class="button primary" href={link(['start'])}>
              Start a run
            </a>
          )}
        </div>
      </header>
      {failure && (runs && failure.status === 0 ? <Disconnected /> : <Failure failure={failure} onRetry={retry} />)}
      {!runs && !failure && <Loading what="runs" />}
      {runs && (
        <div class="panel">
          <Table
            label="Runs"
            columns={columns}
            rows={runs}
            keyOf={({ id }) => id}
            isSelected={({ id }) => chosen.has(id)}
            empty="There is no run in this folder yet. Start one here, or with: npx espalier optimize"
          />
        </div>
      )}
    </>
  );
}

function columnsOf(chosen: ReadonlySet<string>, setChosen: (next: ReadonlySet<string>) => void, now: number): Column<RunSummary>[] {
  const toggle = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };
  return [
    {
      key: 'choose',
      label: 'Compare',
      kind: 'left',
      cell: ({ id, name }) => <input type="checkbox" aria-label={`Compare ${name}`} checked={chosen.has(id)} onChange={() => toggle(id)} />,
    },
    {
      key: 'name',
      label: 'Run',
      kind: 'name',
      sort: ({ name }) => name,
      cell: ({ id, name, headline }) => (
        <>
          <a href={link(['run', id])}>{name}</a>
          {id !== name && <span class="quiet"> {id}</span>}
          {headline && <span class="quiet headline-cell">{headline}</span>}
        </>
      ),
    },
    { key: 'state', label: 'State', kind: 'left', sort: ({ state }) => state, cell: ({ state }) => <StateBadge state={state} /> },
    {
      key: 'trials',
      label: 'Trials',
      sort: ({ trials }) => trials.ended,
      cell: ({ name, state, trials: { ended, wanted } }) => (
        <span class="trials-cell">
          {trialsInWords(ended, wanted).replace(/ trials?$/, '')}
          {isAtWork(state) && <Meter done={ended} total={wanted} label={`Trials of ${name}`} />}
        </span>
      ),
    },
    {
      key: 'left',
      label: 'Time left',
      sort: ({ secondsLeft }) => secondsLeft,
      wide: true,
      cell: (run) => timeLeft(run),
    },
    { key: 'front', label: 'Front', sort: ({ front }) => front, cell: ({ front }) => front, wide: true },
    { key: 'updated', label: 'Updated', sort: ({ updated }) => updated, cell: ({ updated }) => ago(updated, now), wide: true },
  ];
}
