import { createHash } from 'node:crypto';
import { attempted } from '../../../base/index.js';
import type { DeviceHello, DeviceInfo } from '../../api/index.js';
import type { Candidate } from './candidates.js';
import { type DeviceRecord, deviceKey } from './record.js';

/** A device that is here. */
export interface Present {
  readonly hello: DeviceHello;
  readonly seen: number;
  /** What it is at. */
  readonly at?: Candidate;
}

/** A run whose devices.json is looked at. */
export interface Recorded {
  readonly run: string;
  /** Of its models, by id. */
  readonly labels: ReadonlyMap<string, string>;
  readonly record: DeviceRecord;
}

/** Devices that are here and those that were, the one that was seen last first, with what they found. A record that cannot be read is left out. */
export async function listDevices(present: Iterable<Present>, records: Iterable<Recorded>): Promise<DeviceInfo[]> {
  const found = new Map<string, DeviceInfo>();
  const infoOf = (hello: DeviceHello, seen: number) => {
    const key = deviceKey(hello);
    const info = found.get(key) ?? { ...hello, id: publicId(key), seen, results: [] };
    info.seen = Math.max(info.seen, seen);
    found.set(key, info);
    return info;
  };
  for (const { hello, seen, at } of present) {
    const info = infoOf(hello, seen);
    if (at) info.job = { run: at.run, model: at.model };
  }
  for (const { run, labels, record } of records) {
    const results = await attempted(
      () => record.results(),
      () => [],
    );
    for (const { device, model, at, backends } of results) {
      const label = labels.get(model);
      infoOf(device, at).results.push({ run, model, ...(label !== undefined && { label }), at, backends });
    }
  }
  return [...found.values()].sort((a, b) => b.seen - a.seen);
}

/** The id under which a device acts is a secret of its own. */
function publicId(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 16);
}
