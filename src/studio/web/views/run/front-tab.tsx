import { useMemo, useState } from 'preact/hooks';
import {
  allModels,
  type FrontRow,
  formatChange,
  formatQuality,
  frontRows,
  isOnDevice,
  type MeasureName,
  measures,
  type ReportInfo,
  shortMetricName,
} from '../../../../report/info/index.js';
import type { RunInfo } from '../../../../strategies/index.js';
import { deviceTimes, frontMeasures, frontPicture } from '../../../view/index.js';
import { api } from '../../api/client.js';
import { usePolled } from '../../app/hooks.js';
import { changeQuery, link } from '../../app/route.js';
import { FrontChart } from '../../charts/front/front-chart.js';
import { FrontLegend } from '../../charts/front/legend.js';
import { Choice } from '../../parts/choice.js';
import { Panel } from '../../parts/states.js';
import { type Column, Table } from '../../parts/table.js';
import { ModelDetails } from './model-details.js';
import type { TabProps } from './tab.js';

/** The models by two measures, all of them in a table, and the one that was opened. */
export function FrontTab({ id, info, query }: TabProps) {
  if (!info) {
    return (
      <Panel title="Front">
        <p class="quiet empty">The original is measured first: then the models grow here, as they are made.</p>
      </Panel>
    );
  }
  return <Front id={id} info={info} query={query} />;
}

function Front({ id, info: run, query }: { id: string; info: RunInfo; query: URLSearchParams }) {
  const info = useDevices(id, run);
  const all = useMemo(() => allModels(info), [info]);
  const known = useMemo(() => frontMeasures(info), [info]);
  const usual = info.objectives.find((name) => name !== 'quality') ?? 'bytes';
  const nameOf = (key: string, otherwise: MeasureName) => known.find(({ name }) => name === query.get(key))?.name ?? otherwise;
  const [x, y] = [nameOf('x', usual), nameOf('y', 'quality')];
  const picture = useMemo(() => frontPicture(info, x, y), [info, x, y]);
  const model = all.find((each) => each.id === query.get('model'));
  const chosen = model && all.indexOf(model);
  const options = known.map(({ name, label }) => [name, label] as const);
  const open = (index: number) => changeQuery({ model: all[index]?.id });
  return (
    <div class={model ? 'board with-details' : 'board'}>
      <Panel
        title="Front"
        tools={
          <div class="controls">
            <Choice label="Across" value={x} options={options} onChange={(name) => changeQuery({ x: name })} />
            <Choice label="Up" value={y} options={options} onChange={(name) => changeQuery({ y: name })} />
          </div>
        }
      >
        {picture && x !== y ? (
          <>
            <FrontChart picture={picture} chosen={chosen} onChoose={({ index }) => open(index)} />
            <FrontLegend picture={picture} />
          </>
        ) : (
          <p class="quiet empty">{x === y ? 'Choose two different measures.' : 'No model has both measures yet.'}</p>
        )}
      </Panel>
      {model && <ModelDetails id={id} info={info} model={model} onClose={() => changeQuery({ model: undefined })} />}
      <Models id={id} info={info} chosen={chosen} onOpen={open} />
    </div>
  );
}

/** The run with what devices found of its models. */
function useDevices(id: string, run: RunInfo): ReportInfo {
  const { value: found } = usePolled(() => api.findings(id));
  // Asked for again and again, it is hardly ever another.
  const text = JSON.stringify(found ?? []);
  const devices = useMemo(() => deviceTimes(found ?? []), [text]);
  return useMemo(() => ({ ...run, devices }), [run, devices]);
}

function Models({ id, info, chosen, onOpen }: { id: string; info: ReportInfo; chosen?: number; onOpen: (index: number) => void }) {
  const [marked, setMarked] = useState<ReadonlySet<string>>(new Set());
  const rows = useMemo(() => frontRows(info), [info]);
  const columns = useMemo(() => columnsOf(info, marked, setMarked, onOpen), [info, marked]);
  const pairs = [...marked].map((model): [string, string] => ['model', `${id} ${model}`]);
  return (
    <Panel
      wide
      title="Models"
      tools={
        marked.size >= 2 ? (
          <a class="button" href={link(['compare'], new URLSearchParams(pairs))}>
            Compare {marked.size} models
          </a>
        ) : (
          <span class="quiet">Choose two or more to compare them.</span>
        )
      }
    >
      <Table
        label="Models"
        columns={columns}
        rows={rows}
        keyOf={(row) => row.id}
        isSelected={({ index }) => index === chosen}
        classOf={({ role }) => role}
        empty="No model is made yet."
      />
    </Panel>
  );
}

function columnsOf(
  info: ReportInfo,
  marked: ReadonlySet<string>,
  setMarked: (next: ReadonlySet<string>) => void,
  onOpen: (index: number) => void,
): Column<FrontRow>[] {
  const toggle = (id: string) => {
    const next = new Set(marked);
    if (!next.delete(id)) next.add(id);
    setMarked(next);
  };
  const costs = measures(info).filter(({ name }) => ['bytes', 'macs', 'latency', 'memory'].includes(name) || isOnDevice(name));
  const hasTest = info.baseline.test !== undefined;
  const metric = shortMetricName(info.task.metric);
  return [
    {
      key: 'mark',
      label: 'Compare',
      kind: 'left',
      wide: true,
      cell: ({ id, label }) => (
        <input type="checkbox" aria-label={`Compare ${label}`} checked={marked.has(id)} onChange={() => toggle(id)} />
      ),
    },
    {
      key: 'label',
      label: 'Model',
      kind: 'name',
      sort: ({ label }) => label,
      cell: ({ index, rank, label, role }) => (
        <>
          {rank !== undefined && <span class="badge">{rank}</span>}
          {role === 'baseline' && <span class="badge baseline">0</span>}{' '}
          <button type="button" class="link" onClick={() => onOpen(index)}>
            {label}
          </button>
        </>
      ),
    },
    {
      key: 'quality',
      label: `${metric} (val.)`,
      wide: hasTest,
      sort: ({ validation }) => validation.value,
      cell: ({ validation, role, quality }) => (
        <>
          {formatQuality(validation.metric, validation.value, validation.samples)}
          {role !== 'baseline' && quality.split === 'validation' && (
            <small>{formatChange(validation.metric, quality.change, quality.before)}</small>
          )}
        </>
      ),
    },
    ...(hasTest
      ? [
          {
            key: 'test',
            label: `${metric} (test)`,
            sort: ({ test }: FrontRow) => test?.value,
            cell: ({ test }: FrontRow) => (test ? formatQuality(test.metric, test.value, test.samples) : ''),
          },
        ]
      : []),
    ...costs.map(
      ({ name, label, format }, index): Column<FrontRow> => ({
        key: name,
        label,
        wide: index > 0,
        sort: (row) => row.costs[name]?.value,
        cell: ({ costs: { [name]: cost } }) => (cost?.missing ? <span class="bad">{cost.missing}</span> : format(cost?.value)),
      }),
    ),
    {
      key: 'breaks',
      label: 'Keeps limits',
      wide: true,
      cell: ({ breaks }) => (breaks.length === 0 ? 'yes' : <span class="bad">no</span>),
    },
  ];
}
