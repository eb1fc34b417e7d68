import { useEffect, useMemo, useState } from 'preact/hooks';
import { allModels } from '../../../../report/info/index.js';
import type { RunInfo } from '../../../../strategies/index.js';
import { bestOf, type Compared, comparedRows, frontMeasures, infoOf } from '../../../view/index.js';
import { type ApiFailure, api } from '../../api/client.js';
import { asFailure, usePolled } from '../../app/hooks.js';
import { changeQuery, link } from '../../app/route.js';
import { Chart } from '../../charts/chart.js';
import { comparedOption } from '../../charts/compared.js';
import { Choice } from '../../parts/choice.js';
import { Failure, Loading, Panel } from '../../parts/states.js';
import { ComparedTable } from './compared-table.js';

/** A column: a run, and a model of it where one was chosen. */
interface Wanted {
  readonly run: string;
  readonly model?: string;
}

/** Runs or models side by side: "?run=a&run=b", or "?model=a%20m1&model=a%20m2". */
export function CompareView({ query }: { query: URLSearchParams }) {
  const wanted = useMemo(() => wantedOf(query), [query]);
  const runs = useMemo(() => [...new Set(wanted.map(({ run }) => run))], [wanted]);
  const { infos, failures } = useInfos(runs);
  const columns = wanted.flatMap(({ run, model }): Compared[] => {
    const info = infos.get(run);
    return info ? [{ run, info, model: allModels(info).find(({ id }) => id === model) ?? bestOf(info) }] : [];
  });
  const set = (next: readonly Wanted[]) => {
    const pairs = next.map(({ run, model }): [string, string] => (model === undefined ? ['run', run] : ['model', `${run} ${model}`]));
    location.replace(link(['compare'], new URLSearchParams(pairs)));
  };
  const rows = useMemo(() => comparedRows(columns), [columns.map(({ run, model }) => `${run} ${model.id}`).join('\n'), infos]);
  return (
    <>
      <header class="view-head">
        <h1>Compare</h1>
        <AddRun known={runs} onAdd={(run) => set([...wanted, { run }])} />
      </header>
      {failures.map(([run, failure]) => (
        <Failure key={run} failure={failure} />
      ))}
      {wanted.length === 0 && <p class="quiet empty">Choose a run above, or two or more in the list of runs.</p>}
      {columns.length + failures.length < wanted.length && <Loading what="runs" />}
      {columns.length > 0 && (
        <>
          <Fronts columns={columns} query={query} />
          <Panel title="Figures">
            <ComparedTable
              columns={columns}
              rows={rows}
              onModel={(index, model) => set(wanted.map((each, at) => (at === index ? { run: each.run, model } : each)))}
              onRemove={(index) => set(wanted.filter((_, at) => at !== index))}
            />
          </Panel>
        </>
      )}
    </>
  );
}

function wantedOf(query: URLSearchParams): Wanted[] {
  return [...query].flatMap(([name, value]): Wanted[] => {
    if (name === 'run') return [{ run: value }];
    // A run's path may hold spaces; a model's id does not.
    const at = value.lastIndexOf(' ');
    return name === 'model' && at > 0 ? [{ run: value.slice(0, at), model: value.slice(at + 1) }] : [];
  });
}

/** Each run as its report would have it. */
function useInfos(runs: readonly string[]): { infos: ReadonlyMap<string, RunInfo>; failures: readonly (readonly [string, ApiFailure])[] } {
  const [infos, setInfos] = useState<ReadonlyMap<string, RunInfo>>(new Map());
  const [failures, setFailures] = useState<readonly (readonly [string, ApiFailure])[]>([]);
  // Each run once.
  useEffect(() => {
    let isCurrent = true;
    setFailures([]);
    for (const run of runs.filter((each) => !infos.has(each))) {
      infoOfRun(run).then(
        (info) => isCurrent && setInfos((known) => new Map(known).set(run, info)),
        (error: unknown) => isCurrent && setFailures((known) => [...known, [run, asFailure(error)]]),
      );
    }
    return () => {
      isCurrent = false;
    };
  }, [runs.join('\n')]);
  return { infos, failures };
}

async function infoOfRun(id: string): Promise<RunInfo> {
  const run = await api.run(id);
  const info = run.state === 'complete' ? await api.front(id) : infoOf(run);
  if (info) return info;
  throw new Error(`"${run.name}" has measured nothing yet.`);
}

function AddRun({ known, onAdd }: { known: readonly string[]; onAdd: (run: string) => void }) {
  const { value: runs = [] } = usePolled(api.runs);
  const others = runs.filter(({ id }) => !known.includes(id));
  if (others.length === 0) return null;
  const options = [['', 'choose …'] as const, ...others.map(({ id, name }) => [id, id === name ? name : `${name} (${id})`] as const)];
  return <Choice label="Add a run" value="" options={options} onChange={(run) => run && onAdd(run)} />;
}

function Fronts({ columns, query }: { columns: readonly Compared[]; query: URLSearchParams }) {
  const runs = useMemo(
    () => [...new Map(columns.map(({ run, info }) => [run, info]))],
    [columns.map(({ run }) => run).join('\n'), columns[0]?.info],
  );
  const known = frontMeasures(columns[0].info).filter((measure) =>
    runs.every(([, info]) => frontMeasures(info).some(({ name }) => name === measure.name)),
  );
  const options = known.map(({ name, label }) => [name, label] as const);
  const x = known.find(({ name }) => name === query.get('x')) ?? known.find(({ name }) => name === 'bytes') ?? known[0];
  const y = known.find(({ name }) => name === query.get('y')) ?? known[0];
  const option = useMemo(() => comparedOption(runs, columns, x, y), [runs, columns.map(({ model }) => model.id).join(), x.name, y.name]);
  return (
    <Panel
      title="Fronts"
      tools={
        <div class="controls">
          <Choice label="Across" value={x.name} options={options} onChange={(name) => changeQuery({ x: name })} />
          <Choice label="Up" value={y.name} options={options} onChange={(name) => changeQuery({ y: name })} />
        </div>
      }
    >
      <Chart label={`Fronts of ${runs.length} runs by ${x.label} and ${y.label}`} height={360} option={option} />
      <ul class="legend">
        {runs.map(([run, info], index) => (
          <li key={run}>
            <span class={`mark series-${index % 4} shape-${index % 4}`} /> {info.name}
          </li>
        ))}
      </ul>
    </Panel>
  );
}
