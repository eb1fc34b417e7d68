import { formatMs } from '../../../report/info/index.js';
import type { DeviceInfo } from '../../api/index.js';
import { backendName, measurementText, recommended } from '../../view/index.js';
import { useNow } from '../app/hooks.js';
import { link } from '../app/route.js';
import { type Column, Table } from '../parts/table.js';

/** Milliseconds since its last sign of life with which a device is here: it waits for a job for half of that. */
const HERE = 60_000;

type Found = DeviceInfo['results'][number];

/** A device and what it found, as "on this phone". */
export function DeviceCard({ device }: { device: DeviceInfo }) {
  const { name, cores, memory, secure, webgpu, seen, job, results } = device;
  const now = useNow(10_000);
  const isHere = now - seen < HERE;
  const facts = [
    `${cores} cores`,
    ...(memory === undefined ? [] : [`${memory} GB`]),
    webgpu ? 'WebGPU' : 'no WebGPU',
    ...(secure ? [] : ['insecure address: one thread']),
  ];
  return (
    <section class="device-card" aria-label={name}>
      <h3>
        {name} <span class={isHere ? 'state state-complete' : 'state'}>{isHere ? 'here' : `seen ${agoText(now - seen)}`}</span>
      </h3>
      <p class="quiet">{facts.join(', ')}</p>
      {job && isHere && (
        <p class="quiet">
          Measures {job.model} of {job.run} …
        </p>
      )}
      <Table
        label={`Models on ${name}`}
        rows={results}
        columns={COLUMNS}
        keyOf={({ run, model }) => `${run} ${model}`}
        empty="Nothing is measured yet."
      />
    </section>
  );
}

const COLUMNS: readonly Column<Found>[] = [
  {
    key: 'model',
    label: 'Model',
    kind: 'name',
    cell: ({ run, model, label }) => (
      <>
        <a href={link(['run', run], { model })}>{label ?? model}</a> <span class="quiet">{run}</span>
      </>
    ),
  },
  {
    key: 'best',
    label: 'On this device',
    sort: ({ backends }) => recommended(backends)?.p50,
    cell: ({ backends }) => {
      const best = recommended(backends);
      if (!best) return <span class="bad">not recommended</span>;
      return (
        <>
          {measurementText(best)} <span class="quiet facts-line">{backendName(best)}</span>
        </>
      );
    },
  },
  {
    key: 'load',
    label: 'Loads in',
    wide: true,
    sort: ({ backends }) => recommended(backends)?.load,
    cell: ({ backends }) => formatMs(recommended(backends)?.load),
  },
  { key: 'others', label: 'Other ways', kind: 'left', wide: true, cell: ({ backends }) => othersText(backends) },
];

function othersText(backends: Found['backends']): string {
  const best = recommended(backends);
  const others = backends.filter((each) => each !== best);
  return others.map((each) => `${backendName(each)}: ${measurementText(each)}`).join('; ') || '–';
}

/** "2 min ago". */
function agoText(milliseconds: number): string {
  const minutes = Math.round(milliseconds / 60_000);
  if (minutes < 60) return `${Math.max(1, minutes)} min ago`;
  return minutes < 2880 ? `${Math.round(minutes / 60)} h ago` : `${Math.round(minutes / 1440)} days ago`;
}
