import { mean } from '../../../base/index.js';
import type { NodeTiming } from '../contract.js';

/** The fields read of an event in ONNX Runtime's profile, which is in Chrome's trace format. */
export interface TraceEvent {
  readonly cat?: string;
  readonly name?: string;
  /** Microseconds. */
  readonly dur?: number;
  readonly args?: { readonly op_name?: string; readonly provider?: string };
}

const KERNEL = '_kernel_time';

/** Mean time per run of each node in a profile of ONNX Runtime, most expensive first. */
export function summarizeTrace(events: readonly TraceEvent[]): NodeTiming[] {
  const runs = events.filter((event) => event.cat === 'Session' && event.name === 'model_run').length;
  const nodes = new Map<string, { op: string; provider: string; times: number[] }>();
  for (const { cat, name, dur = 0, args } of events) {
    if (cat !== 'Node' || !name?.endsWith(KERNEL)) continue;
    const node = name.slice(0, -KERNEL.length);
    const found = nodes.get(node) ?? { op: args?.op_name ?? '', provider: args?.provider ?? '', times: [] };
    found.times.push(dur);
    nodes.set(node, found);
  }
  return [...nodes]
    .map(([node, { op, provider, times }]) => {
      const quicker = times.sort((a, b) => a - b).slice(0, Math.ceil(times.length / 2));
      const perRun = times.length / Math.max(runs, 1);
      return { node, op, provider, microseconds: mean(times) * perRun, quiet: mean(quicker) * perRun, runs };
    })
    .sort((a, b) => b.microseconds - a.microseconds);
}
