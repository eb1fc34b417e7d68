import { useMemo, useState } from 'preact/hooks';
import type { LiveRun, LiveTrial } from '../../../../strategies/index.js';
import { isAtWork, objectiveText, trialLabel } from '../../../view/index.js';
import { changeQuery } from '../../app/route.js';
import { Choice } from '../../parts/choice.js';
import { Panel } from '../../parts/states.js';
import { type Column, Table } from '../../parts/table.js';
import { AddTrial } from './add-trial.js';
import type { TabProps } from './tab.js';

const STATES = ['all', 'running', 'completed', 'stopped', 'failed'] as const;
type StateFilter = (typeof STATES)[number];

/** Every trial, by state and by what its label says; one by hand. */
export function TrialsTab({ id, run, query }: TabProps) {
  const [text, setText] = useState('');
  const state = STATES.find((each) => each === query.get('state')) ?? 'all';
  const counts = useMemo(() => countsOf(run.trials), [run.trials]);
  const rows = useMemo(() => filtered(run.trials, state, text), [run.trials, state, text]);
  const from = query.get('from');
  const canAdd = isAtWork(run.state) && run.state !== 'settling' && run.space !== undefined;
  const columns = useMemo(() => columnsOf(run, canAdd), [run.objectives, run.task.metric, run.baseline, canAdd]);
  return (
    <>
      {canAdd && from !== null && <AddTrial key={from} id={id} run={run} from={from === '' ? undefined : Number(from)} />}
      <Panel
        title="Trials"
        tools={
          <div class="controls">
            <Choice
              label="State"
              value={state}
              options={STATES.map((name) => [name, `${name} (${counts[name]})`])}
              onChange={(name: StateFilter) => changeQuery({ state: name === 'all' ? undefined : name })}
            />
            <label>
              Search <input type="search" value={text} onInput={(event) => setText(event.currentTarget.value)} />
            </label>
            {canAdd && (
              <button type="button" onClick={() => changeQuery({ from: '' })}>
                Add a trial by hand
              </button>
            )}
          </div>
        }
      >
        <Table
          label="Trials"
          columns={columns}
          rows={rows}
          keyOf={({ number }) => number}
          empty={run.trials.length === 0 ? 'No trial has begun yet.' : 'No trial is like that.'}
        />
      </Panel>
    </>
  );
}

function countsOf(trials: readonly LiveTrial[]): Record<StateFilter, number> {
  const counts = { all: trials.length, running: 0, completed: 0, stopped: 0, failed: 0 };
  for (const { state } of trials) counts[state]++;
  return counts;
}

function filtered(trials: readonly LiveTrial[], state: StateFilter, text: string): LiveTrial[] {
  const wanted = text.trim().toLowerCase();
  return trials.filter(
    (trial) =>
      (state === 'all' || trial.state === state) &&
      (wanted === '' || `${trial.number} ${trialLabel(trial)}`.toLowerCase().includes(wanted)),
  );
}

function columnsOf({ objectives = [], task, baseline }: LiveRun, canAdd: boolean): Column<LiveTrial>[] {
  return [
    { key: 'number', label: 'Number', kind: 'left', sort: ({ number }) => number, cell: ({ number }) => number },
    {
      key: 'label',
      label: 'Trial',
      kind: 'name',
      sort: trialLabel,
      cell: (trial) => (
        <>
          {trialLabel(trial)}
          {trial.byHand && <small> by hand</small>}
          {trial.stopped && (
            <small>
              {' '}
              given up after epoch {trial.stopped.epoch}, in {trial.stopped.technique}
            </small>
          )}
          {trial.error && <span class="bad error-cell">{trial.error}</span>}
        </>
      ),
    },
    {
      key: 'state',
      label: 'State',
      kind: 'left',
      sort: ({ state }) => state,
      cell: ({ state }) => <span class={`trial-state trial-${state}`}>{state}</span>,
    },
    ...objectives.map(
      (name, index): Column<LiveTrial> => ({
        key: name,
        label: objectiveText(name, task.metric).label,
        wide: index > 1,
        sort: ({ values }) => values?.[index],
        cell: ({ values }) => (values ? objectiveText(name, task.metric, baseline?.validation.samples).format(values[index]) : ''),
      }),
    ),
    ...(canAdd
      ? [
          {
            key: 'again',
            label: 'By hand',
            wide: true,
            cell: ({ number }: LiveTrial) => (
              <button
                type="button"
                class="small"
                aria-label={`As this, changed: trial ${number}`}
                onClick={() => changeQuery({ from: String(number) })}
              >
                As this, changed
              </button>
            ),
          },
        ]
      : []),
  ];
}
