import { useState } from 'preact/hooks';
import { type CostShare, formatBytes, formatCount, formatShare, type InspectLayer, inspectTotals } from '../../../report/info/index.js';
import type { ModelView, Port } from '../../tab/index.js';
import { Panel } from './panel.js';

/** Layers that are listed at first, and gaps. */
const FEW = 12;
const FEW_WARNINGS = 5;

/** What a model costs and where. */
export function Inspection({ model: { name, format, info, inputs, outputs, isQuantized } }: { model: ModelView }) {
  const totals = inspectTotals(info);
  return (
    <>
      <div class="grid">
        <Panel title={name}>
          <dl class="facts">
            <dt>format</dt>
            <dd>
              {format}
              {isQuantized && ', quantized'}
            </dd>
            {totals.map(([label, text]) => (
              <>
                <dt key={label}>{label}</dt>
                <dd>{text}</dd>
              </>
            ))}
            <Ports label="inputs" ports={inputs} />
            <Ports label="outputs" ports={outputs} />
          </dl>
          <Warnings warnings={info.warnings} />
        </Panel>
        <Panel title="Where the cost is">
          <Operators shares={info.operators} />
        </Panel>
      </div>
      <Layers layers={info.layers} />
    </>
  );
}

function Ports({ label, ports }: { label: string; ports: readonly Port[] }) {
  return (
    <>
      <dt>{label}</dt>
      <dd>
        {ports.map(({ name, type }) => (
          <span class="port" key={name}>
            {name} <span class="quiet">{type}</span>
          </span>
        ))}
      </dd>
    </>
  );
}

function Warnings({ warnings }: { warnings: readonly string[] }) {
  if (warnings.length === 0) return null;
  const rest = warnings.length - FEW_WARNINGS;
  return (
    <ul class="warnings">
      {warnings.slice(0, FEW_WARNINGS).map((text) => (
        <li key={text}>{text}</li>
      ))}
      {rest > 0 && <li>{rest} more gaps like these</li>}
    </ul>
  );
}

function Operators({ shares }: { shares: readonly CostShare[] }) {
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Operator</th>
            <th scope="col">Count</th>
            <th scope="col">MACs</th>
            <th scope="col">Weights</th>
          </tr>
        </thead>
        <tbody>
          {shares.slice(0, FEW).map(({ name, layers, macs, uncounted, macsShare, weightBytes, weightShare }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{layers}</td>
              <td>
                {uncounted > 0 && 'at least '}
                {formatCount(macs)} <Share share={macsShare} />
              </td>
              <td>
                {formatBytes(weightBytes)} <Share share={weightShare} kind="weights" />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Share({ share, kind = 'work' }: { share: number; kind?: 'work' | 'weights' }) {
  return (
    <span class={`share ${kind}`}>
      <span class="track" aria-hidden="true">
        <i style={{ width: `${100 * share}%` }} />
      </span>
      {share > 0 ? formatShare(share) : ''}
    </span>
  );
}

function Layers({ layers }: { layers: readonly InspectLayer[] }) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? layers : layers.slice(0, FEW);
  return (
    <Panel
      title="Layers, the costliest first"
      tools={
        layers.length > FEW && (
          <button type="button" onClick={() => setWhole(!isWhole)} aria-expanded={isWhole}>
            {isWhole ? 'Show fewer' : `Show all ${layers.length}`}
          </button>
        )
      }
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled by keyboard */}
      <div class="scroll tall" tabIndex={0} role="region" aria-label="Layers">
        <table>
          <thead>
            <tr>
              <th scope="col">Layer</th>
              <th scope="col">Operator</th>
              <th scope="col">Output</th>
              <th scope="col">Type</th>
              <th scope="col">Parameters</th>
              <th scope="col">Weights</th>
              <th scope="col">MACs</th>
              <th scope="col">Activations</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((layer, index) => (
              <tr key={index} class={layer.alternative ? 'other' : undefined}>
                <th scope="row" class="name" title={layer.name}>
                  {layer.name}
                  {layer.alternative && <small> (other branch, not counted)</small>}
                </th>
                <td class="left">{layer.op}</td>
                <td>{layer.output}</td>
                <td>{layer.dtype}</td>
                <td>{formatCount(layer.parameters)}</td>
                <td>{formatBytes(layer.weightBytes)}</td>
                <td>
                  {layer.macs === undefined ? '?' : formatCount(layer.macs)} <Share share={layer.macsShare} />
                </td>
                <td>{formatBytes(layer.activationBytes)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
