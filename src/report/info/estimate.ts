import type { EstimatedLayer, HardwareEstimate } from '../../infrastructure/hardware/index.js';
import { formatBytes, formatCount, formatEnergy, formatMs, formatShare, plural } from './format.js';

/** A layer of an estimate, for people. */
export interface EstimateRow {
  readonly name: string;
  readonly op: string;
  readonly milliseconds: number;
  /** Of the whole time, in [0, 1]. */
  readonly share: number;
  /** What bounds it, or what it is computed together with. */
  readonly bound: string;
  readonly cycles?: number;
  readonly utilisation?: number;
  readonly millijoules?: number;
  readonly dramBytes?: number;
}

/** The layers that take time, the longest first. */
export function estimateRows({ layers, milliseconds }: HardwareEstimate): EstimateRow[] {
  return layers
    .filter(({ seconds, fused }) => seconds > 0 || fused)
    .map((layer) => rowOf(layer, milliseconds))
    .sort((a, b) => b.milliseconds - a.milliseconds);
}

function rowOf(
  { node, op, within, seconds, bound, fused, cycles, utilisation, joules, dramBytes }: EstimatedLayer,
  total: number,
): EstimateRow {
  return {
    name: within === undefined ? node : `${within} / ${node}`,
    op,
    milliseconds: 1000 * seconds,
    share: total > 0 ? (1000 * seconds) / total : 0,
    bound: fused ? 'fused' : bound,
    cycles: fused ? undefined : cycles,
    utilisation,
    millijoules: joules === undefined || fused ? undefined : 1000 * joules,
    dramBytes,
  };
}

/** The totals as pairs of label and text. */
export function estimateTotals(estimate: HardwareEstimate): [string, string][] {
  const { title, kind, milliseconds, millijoules, cycles, bounds, memory, storage, source, gaps } = estimate;
  const pairs: [string, string | undefined][] = [
    ['hardware', `${title} (${kind})`],
    ['latency', `${formatMs(milliseconds)} (estimate)`],
    ['cycles', cycles === undefined ? undefined : formatCount(cycles)],
    ['energy', millijoules === undefined ? 'not known' : `${formatEnergy(1000 * millijoules)} (estimate)`],
    ['bound by', boundsText(bounds, milliseconds)],
    ['memory', roomText(memory)],
    ['storage', roomText(storage)],
    ['left out', gaps.length > 0 ? `parts of ${plural(gaps.length, 'layer')}; see the warnings` : undefined],
    ['numbers from', source],
  ];
  return pairs.filter((pair): pair is [string, string] => pair[1] !== undefined);
}

/** Sentences about what the estimate leaves out and what does not fit. */
export function estimateWarnings({ gaps, memory, storage, title }: HardwareEstimate): string[] {
  const lack = (what: string, room: HardwareEstimate['memory']) =>
    room && !room.fits
      ? [`The model does not fit the ${what} of ${title}: it needs ${formatBytes(room.needed)} of ${formatBytes(room.available)}.`]
      : [];
  return [...lack('memory', memory), ...lack('storage', storage), ...gaps.map(({ node, reason }) => `${node}: ${reason}.`)];
}

function boundsText(bounds: HardwareEstimate['bounds'], total: number): string | undefined {
  const parts = Object.entries(bounds)
    .filter(([, milliseconds]) => milliseconds > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([bound, milliseconds]) => `${bound} ${formatShare(milliseconds / total)}`);
  return parts.length > 0 ? parts.join(', ') : undefined;
}

function roomText(room: HardwareEstimate['memory']): string | undefined {
  return room && `${formatBytes(room.needed)} of ${formatBytes(room.available)}${room.fits ? '' : ': does not fit'}`;
}
