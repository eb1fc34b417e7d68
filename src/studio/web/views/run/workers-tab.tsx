import type { LiveMessage, LiveWorker } from '../../../../strategies/index.js';
import { ago } from '../../../view/index.js';
import { useNow } from '../../app/hooks.js';
import { Meter, Panel } from '../../parts/states.js';
import { type Column, Table } from '../../parts/table.js';
import type { TabProps } from './tab.js';

/** Who is at work and at what, and what the run said. */
export function WorkersTab({ run }: TabProps) {
  const now = useNow(5000);
  return (
    <div class="grid">
      <Panel title="Workers">
        <Table label="Workers" columns={workerColumns(now)} rows={run.workers} keyOf={({ name }) => name} empty="Nobody is at work." />
      </Panel>
      <Panel title="Messages">
        <Messages messages={run.messages} />
      </Panel>
    </div>
  );
}

function workerColumns(now: number): Column<LiveWorker>[] {
  return [
    { key: 'name', label: 'Worker', kind: 'name', cell: ({ name }) => name },
    { key: 'trial', label: 'Trial', cell: ({ trial }) => trial },
    {
      key: 'task',
      label: 'Doing',
      kind: 'left',
      cell: ({ name, task, done, total, facts }) => (
        <>
          {task}
          {done !== undefined && total !== undefined && <Meter done={done} total={total} label={`Progress of ${name}`} />}
          {facts && (
            <span class="quiet facts-line">
              {Object.entries(facts)
                .map(([key, value]) => `${key} ${typeof value === 'number' ? Number(value.toPrecision(4)) : value}`)
                .join(', ')}
            </span>
          )}
        </>
      ),
    },
    { key: 'seen', label: 'Seen', wide: true, cell: ({ seen }) => ago(seen, now) },
  ];
}

function Messages({ messages }: { messages: readonly LiveMessage[] }) {
  if (messages.length === 0) return <p class="quiet empty">The run said nothing yet.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: keys scroll what is too long
    <section class="scroll messages" tabIndex={0} aria-label="Messages, the latest first">
      <ol class="plain">
        {[...messages].reverse().map(({ at, level, text }, index) => (
          // The same may be said twice in a moment.
          <li key={index} class={level === 'warning' ? 'bad' : undefined}>
            <time dateTime={new Date(at).toISOString()} class="quiet">
              {new Date(at).toLocaleTimeString()}
            </time>{' '}
            {level === 'warning' && <strong>Warning: </strong>}
            {text}
          </li>
        ))}
      </ol>
    </section>
  );
}
