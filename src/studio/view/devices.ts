import { type DeviceTimes, formatMs } from '../../report/info/index.js';
import type { DeviceMeasurement, RunFinding } from '../api/index.js';

/** The backend to run a model by: the quickest of those whose answers agree. Undefined where none does. */
export function recommended(backends: readonly DeviceMeasurement[]): DeviceMeasurement | undefined {
  const good = backends.filter(({ status, p50 }) => status === 'agrees' && p50 !== undefined);
  return good.reduce<DeviceMeasurement | undefined>(
    (best, each) => (best && Number(best.p50) <= Number(each.p50) ? best : each),
    undefined,
  );
}

/** E.g. "WebAssembly, 4 threads". */
export function backendName({ backend, threads }: Pick<DeviceMeasurement, 'backend' | 'threads'>): string {
  if (backend === 'webgpu') return 'WebGPU';
  return `WebAssembly, ${threads === 1 ? '1 thread' : `${threads} threads`}`;
}

/** What came of a backend, e.g. "1.2 ms (p95 1.5 ms)", "answers wrongly", "does not run". */
export function measurementText({ status, p50, p95 }: DeviceMeasurement): string {
  if (status === 'fails') return 'does not run';
  if (status === 'differs') return 'answers wrongly';
  return p95 === undefined ? formatMs(p50) : `${formatMs(p50)} (p95 ${formatMs(p95)})`;
}

/** What devices found of one run's models, for its front. A name that two devices share is that of the first. */
export function deviceTimes(found: readonly RunFinding[]): DeviceTimes[] {
  const byName = new Map<string, Map<string, number | 'differs'>>();
  for (const { device, model, backends } of found) {
    const times = byName.get(device) ?? new Map<string, number | 'differs'>();
    if (!times.has(model)) times.set(model, recommended(backends)?.p50 ?? 'differs');
    byName.set(device, times);
  }
  return [...byName].map(([name, times]) => ({ name, times }));
}
