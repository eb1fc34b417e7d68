import { useMemo, useState } from 'preact/hooks';
import { finite, formatQuality, measures, metricName } from '../../../../report/info/index.js';
import type { LiveTrial, RunInfo } from '../../../../strategies/index.js';
import { curvesOf, frontMeasures, history, lanesOf } from '../../../view/index.js';
import { Chart } from '../../charts/chart.js';
import { curvesOption, historyOption } from '../../charts/progress.js';
import { timelineOption } from '../../charts/timeline.js';
import { Choice } from '../../parts/choice.js';
import { Figures } from '../../parts/figures.js';
import { Panel } from '../../parts/states.js';
import type { TabProps } from './tab.js';

/** How the search went: the best so far, what is measured while trials train, who made which when. */
export function ProgressTab({ run, info }: TabProps) {
  return (
    <div class="grid">
      {info && <History info={info} />}
      <Curves trials={run.trials} metric={run.task.metric} />
      <Timeline trials={run.trials} updated={run.updated} />
    </div>
  );
}

function History({ info }: { info: RunInfo }) {
  const known = useMemo(() => frontMeasures(info), [info]);
  const [name, setName] = useState<string>('quality');
  const measure = known.find((each) => each.name === name) ?? measures(info)[0];
  const points = useMemo(() => history(info.models, measure), [info, measure.name]);
  const option = useMemo(() => historyOption(points, measure, info.baseline), [points, measure.name, info.baseline]);
  return (
    <Panel
      title="History"
      tools={<Choice label="Of" value={measure.name} options={known.map((each) => [each.name, each.label])} onChange={setName} />}
    >
      {points.length === 0 ? (
        <p class="quiet empty">No trial has made a model that keeps the limits yet.</p>
      ) : (
        <>
          <Chart label={`${measure.label} by trial, and the best so far`} height={260} option={option} />
          <Figures
            label="History"
            rows={points}
            keyOf={({ trial, value }) => `${trial} ${value}`}
            columns={[
              { key: 'trial', label: 'Trial', kind: 'left', cell: ({ trial }) => trial },
              { key: 'value', label: measure.label, cell: ({ value }) => measure.format(value) },
              { key: 'best', label: 'Best so far', cell: ({ best }) => measure.format(best) },
            ]}
          />
        </>
      )}
    </Panel>
  );
}

function Curves({ trials, metric }: { trials: readonly LiveTrial[]; metric: string }) {
  const curves = useMemo(() => curvesOf(trials), [trials]);
  const option = useMemo(() => curvesOption(curves, metric), [curves, metric]);
  const label = metricName(metric);
  return (
    <Panel title="Curves">
      {curves.length === 0 ? (
        <p class="quiet empty">What trials reach while they train is drawn here: none has trained an epoch yet.</p>
      ) : (
        <>
          <p class="quiet">
            {label} by epoch of {curves.length === 1 ? 'one trial' : `the last ${curves.length} trials`}; those that run are drawn strong.
          </p>
          <Chart label={`${label} by epoch of each trial`} height={260} option={option} />
          <Figures
            label="Curves"
            rows={curves}
            keyOf={({ number }) => number}
            columns={[
              { key: 'number', label: 'Trial', kind: 'left', cell: ({ number }) => number },
              { key: 'state', label: 'State', kind: 'left', cell: ({ state }) => state },
              { key: 'epochs', label: 'Epochs', cell: ({ curve }) => curve.at(-1)?.step },
              { key: 'last', label: 'Last', cell: ({ curve }) => formatQuality(metric, finite(curve.at(-1)?.value)) },
            ]}
          />
        </>
      )}
    </Panel>
  );
}

function Timeline({ trials, updated }: { trials: readonly LiveTrial[]; updated: number }) {
  const lanes = useMemo(() => lanesOf(trials, updated), [trials, updated]);
  const option = useMemo(() => timelineOption(lanes), [lanes]);
  const spans = lanes.flatMap(({ name, spans: list }) => list.map((span) => ({ ...span, name })));
  const time = (at: number) => new Date(at).toLocaleTimeString();
  return (
    <Panel title="Timeline" wide>
      {spans.length === 0 ? (
        <p class="quiet empty">Who makes which trial when is drawn here: none has begun yet.</p>
      ) : (
        <>
          <Chart label="Who made which trial when" height={70 + 28 * lanes.length} option={option} />
          <Figures
            label="Timeline"
            rows={spans}
            keyOf={({ trial }) => trial.number}
            columns={[
              { key: 'number', label: 'Trial', kind: 'left', cell: ({ trial }) => trial.number },
              { key: 'who', label: 'Who', kind: 'left', cell: ({ name }) => name },
              { key: 'state', label: 'State', kind: 'left', cell: ({ trial }) => trial.state },
              { key: 'begun', label: 'Begun', cell: ({ begun }) => time(begun) },
              { key: 'ended', label: 'Ended', cell: ({ trial, ended }) => (trial.state === 'running' ? '' : time(ended)) },
            ]}
          />
        </>
      )}
    </Panel>
  );
}
