import { useMemo } from 'preact/hooks';
import { type CostShare, formatBytes, formatCount, formatShare, type InspectLayer, inspectTotals } from '../../../report/info/index.js';
import type { ModelView, Port } from '../../tab/index.js';
import { Panel } from '../parts/states.js';
import { type Column, Table } from '../parts/table.js';
import { GraphBoard, type LayOut } from '../views/graph/graph-board.js';

/** Gaps that are listed. */
const FEW = 5;

/** What a model costs, and where. */
export function Inspection({ model: { name, format, info, inputs, outputs, isQuantized } }: { model: ModelView }) {
  return (
    <div class="grid">
      <Panel title={name}>
        <dl class="facts">
          <Fact label="format" text={isQuantized ? `${format}, quantized` : format} />
          {inspectTotals(info).map(([label, text]) => (
            <Fact key={label} label={label} text={text} />
          ))}
          <Ports label="inputs" ports={inputs} />
          <Ports label="outputs" ports={outputs} />
        </dl>
        <Warnings warnings={info.warnings} />
      </Panel>
      <Panel title="Where the cost is">
        <Table label="Operators" rows={info.operators} columns={OPERATORS} keyOf={(share) => share.name} empty="There is no operator." />
      </Panel>
    </div>
  );
}

/** A model's graph, and its layers one by one. */
export function Layers({ model: { info, graph }, layOut }: { model: ModelView; layOut: LayOut }) {
  // Layers may have one name, or none.
  const rows = useMemo(() => info.layers.map((layer, index) => ({ ...layer, index })), [info]);
  return (
    <>
      {graph ? <GraphBoard graph={graph} layOut={layOut} /> : <p class="quiet">The graph is too large to be drawn.</p>}
      <Panel title="Layers, the costliest first">
        <Table label="Layers by cost" rows={rows} columns={LAYERS} keyOf={({ index }) => index} empty="There is no layer." />
      </Panel>
    </>
  );
}

function Fact({ label, text }: { label: string; text: string }) {
  return (
    <div class="contents">
      <dt>{label}</dt>
      <dd>{text}</dd>
    </div>
  );
}

function Ports({ label, ports }: { label: string; ports: readonly Port[] }) {
  return <Fact label={label} text={ports.map(({ name, type }) => `${name}: ${type}`).join('; ')} />;
}

function Warnings({ warnings }: { warnings: readonly string[] }) {
  if (warnings.length === 0) return null;
  const rest = warnings.length - FEW;
  return (
    <ul class="warnings">
      {warnings.slice(0, FEW).map((text) => (
        <li key={text}>{text}</li>
      ))}
      {rest > 0 && <li>{rest} more gaps like these</li>}
    </ul>
  );
}

const OPERATORS: readonly Column<CostShare>[] = [
  { key: 'name', label: 'Operator', kind: 'name', cell: ({ name }) => name },
  { key: 'count', label: 'Count', sort: ({ layers }) => layers, cell: ({ layers }) => layers },
  {
    key: 'macs',
    label: 'MACs',
    sort: ({ macs }) => macs,
    cell: ({ macs, uncounted, macsShare }) => (
      <>
        {uncounted > 0 && 'at least '}
        {formatCount(macs)} <Share share={macsShare} />
      </>
    ),
  },
  {
    key: 'weights',
    label: 'Weights',
    sort: ({ weightBytes }) => weightBytes,
    cell: ({ weightBytes, weightShare }) => (
      <>
        {formatBytes(weightBytes)} <Share share={weightShare} />
      </>
    ),
  },
];

const LAYERS: readonly Column<InspectLayer>[] = [
  {
    key: 'name',
    label: 'Layer',
    kind: 'name',
    cell: ({ name, alternative }) => (alternative ? `${name} (other branch, not counted)` : name),
  },
  { key: 'op', label: 'Operator', kind: 'left', wide: true, sort: ({ op }) => op, cell: ({ op }) => op },
  { key: 'output', label: 'Output', wide: true, cell: ({ output }) => output },
  { key: 'type', label: 'Type', wide: true, cell: ({ dtype }) => dtype },
  {
    key: 'parameters',
    label: 'Parameters',
    wide: true,
    sort: ({ parameters }) => parameters,
    cell: ({ parameters }) => formatCount(parameters),
  },
  { key: 'weights', label: 'Weights', sort: ({ weightBytes }) => weightBytes, cell: ({ weightBytes }) => formatBytes(weightBytes) },
  {
    key: 'macs',
    label: 'MACs',
    sort: ({ macs }) => macs,
    cell: ({ macs, macsShare }) => (
      <>
        {macs === undefined ? '?' : formatCount(macs)} <Share share={macsShare} />
      </>
    ),
  },
  {
    key: 'activations',
    label: 'Activations',
    wide: true,
    sort: ({ activationBytes }) => activationBytes,
    cell: ({ activationBytes }) => formatBytes(activationBytes),
  },
];

function Share({ share }: { share: number }) {
  return (
    <span class="share">
      <span class="share-track" aria-hidden="true">
        <i style={{ width: `${100 * share}%` }} />
      </span>
      <small>{share > 0 ? formatShare(share) : ''}</small>
    </span>
  );
}
