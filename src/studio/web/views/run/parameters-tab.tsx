import type { ECharts } from 'echarts/core';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { LiveRun, LiveTrial, ObjectiveName } from '../../../../strategies/index.js';
import { type Brushes, FEWEST_TRIALS, isBrushed, objectiveText, parallelAxes, parameterName, trialLabel } from '../../../view/index.js';
import { Chart } from '../../charts/chart.js';
import { importanceOption } from '../../charts/importance.js';
import { onBrushed, parallelOption, showBrushes } from '../../charts/parallel.js';
import { Choice } from '../../parts/choice.js';
import { Figures } from '../../parts/figures.js';
import { Panel } from '../../parts/states.js';
import { Table } from '../../parts/table.js';
import { BrushForm } from './brush-form.js';
import type { TabProps } from './tab.js';
import { useImportance } from './use-importance.js';

/** Which parameters matter, and which points lead to which objectives. */
export function ParametersTab({ run }: TabProps) {
  if (!run.space || !run.objectives) {
    return (
      <Panel title="Parameters">
        <p class="quiet empty">Nothing is proposed yet: parameters are known once the original is measured.</p>
      </Panel>
    );
  }
  return (
    <div class="grid">
      <Parallel run={run} />
      <Importance run={run} objectives={run.objectives} />
    </div>
  );
}

/** Lines that are drawn: more than these are a blot, and slow. */
const MOST_LINES = 2000;

function Parallel({ run }: { run: LiveRun }) {
  const axes = useMemo(() => parallelAxes(run), [run.space, run.objectives, run.task.metric, run.baseline]);
  const [brushes, setBrushes] = useState<Brushes>({});
  const ended = useMemo(() => run.trials.filter(({ state }) => state === 'completed'), [run.trials]);
  const drawn = useMemo(() => ended.slice(-MOST_LINES), [ended]);
  const option = useMemo(() => parallelOption(axes, drawn, brushes), [axes, drawn, brushes]);
  const chart = useRef<ECharts | undefined>(undefined);
  const known = useRef(axes);
  known.current = axes;
  useEffect(() => {
    if (chart.current) showBrushes(chart.current, axes, brushes);
  }, [axes, brushes]);
  const ready = (made: ECharts) => {
    chart.current = made;
    return onBrushed(
      made,
      () => known.current,
      (key, brush) => setBrushes(({ [key]: _, ...others }) => (brush ? { ...others, [key]: brush } : others)),
    );
  };
  const kept = useMemo(() => ended.filter((trial) => isBrushed(trial, axes, brushes)), [axes, ended, brushes]);
  const isAny = Object.keys(brushes).length > 0;
  return (
    <Panel title="Parallel coordinates" wide>
      {ended.length === 0 ? (
        <p class="quiet empty">No trial has ended yet.</p>
      ) : (
        <>
          <p class="quiet">
            A line for each trial that ended{ended.length > drawn.length && `, the last ${drawn.length} of ${ended.length}`}. Drag along an
            axis to keep the trials that pass there, or set the ends below.
          </p>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: keys scroll what is too wide */}
          <section class="scroll" tabIndex={0} aria-label="Axes">
            <div class="parallel-place" style={{ minWidth: `${90 * axes.length}px` }}>
              <Chart
                label={`${ended.length} trials across ${axes.length} axes; ${kept.length} are kept`}
                height={340}
                option={option}
                onReady={ready}
              />
            </div>
          </section>
          <BrushForm axes={axes} trials={ended} brushes={brushes} onChange={setBrushes} />
          <p>
            {isAny ? `${kept.length} of ${ended.length} trials are kept.` : `All ${ended.length} trials are kept.`}{' '}
            {isAny && (
              <button type="button" class="small" onClick={() => setBrushes({})}>
                Keep all
              </button>
            )}
          </p>
          {isAny && <Kept trials={kept} run={run} />}
        </>
      )}
    </Panel>
  );
}

function Kept({ trials, run }: { trials: readonly LiveTrial[]; run: LiveRun }) {
  const { objectives = [], task, baseline } = run;
  return (
    <Table
      label="Trials that are kept"
      rows={trials}
      keyOf={({ number }) => number}
      empty="No trial passes there."
      columns={[
        { key: 'number', label: 'Number', kind: 'left', sort: ({ number }) => number, cell: ({ number }) => number },
        { key: 'label', label: 'Trial', kind: 'name', cell: trialLabel },
        ...objectives.map((name, index) => {
          const { label, format } = objectiveText(name, task.metric, baseline?.validation.samples);
          return {
            key: name,
            label,
            wide: index > 1,
            sort: ({ values }: LiveTrial) => values?.[index],
            cell: ({ values }: LiveTrial) => format(values?.[index]),
          };
        }),
      ]}
    />
  );
}

function Importance({ run, objectives }: { run: LiveRun; objectives: readonly ObjectiveName[] }) {
  const [name, setName] = useState<ObjectiveName>('quality');
  const { shares, isCounting } = useImportance(run, Math.max(0, objectives.indexOf(name)));
  const option = useMemo(() => importanceOption(shares ?? []), [shares]);
  const options = objectives.map((each) => [each, objectiveText(each, run.task.metric).label] as const);
  useEffect(() => {
    if (!objectives.includes(name)) setName(objectives[0]);
  }, [objectives]);
  return (
    <Panel title="Importance" wide tools={<Choice label="For" value={name} options={options} onChange={setName} />}>
      {shares ? (
        <>
          <p class="quiet">How much the objective changes with each parameter alone, over the whole space.</p>
          <Chart label={`Importance of ${shares.length} parameters`} height={40 + 26 * Math.min(shares.length, 16)} option={option} />
          <Figures
            label="Importance"
            rows={shares}
            keyOf={([parameter]) => parameter}
            columns={[
              { key: 'parameter', label: 'Parameter', kind: 'name', cell: ([parameter]) => parameterName(parameter) },
              { key: 'share', label: 'Share', cell: ([, share]) => `${(100 * share).toFixed(1)}%` },
            ]}
          />
        </>
      ) : (
        <p class="quiet empty">{isCounting ? 'Counting …' : `Known once ${FEWEST_TRIALS} trials that keep the limits have ended.`}</p>
      )}
    </Panel>
  );
}
