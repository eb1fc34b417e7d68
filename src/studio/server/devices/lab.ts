import { setTimeout } from 'node:timers/promises';
import { addTo, attempted } from '../../../base/index.js';
import type { DeviceHello, DeviceInfo, DeviceJob, DeviceResult } from '../../api/index.js';
import { notFound } from '../refusal.js';
import { makeSecret } from '../security/secret.js';
import type { Candidate } from './candidates.js';
import { listDevices } from './list.js';
import { DeviceRecord, deviceKey } from './record.js';
import type { Sample } from './samples.js';
import { SampleShelf } from './shelf.js';

export interface LabOptions {
  /** What is to be measured, the most urgent first. */
  readonly candidates: () => Promise<readonly Candidate[]>;
  readonly sample: (candidate: Candidate) => Promise<Sample>;
  /** Milliseconds without a sign of life after which a device's job goes back. Default: a minute. */
  readonly lease?: number;
  /** Milliseconds that a device waits for a job. Default: half a minute. */
  readonly patience?: number;
}

interface Device {
  readonly hello: DeviceHello;
  readonly key: string;
  seen: number;
  /** What it is at. */
  job?: string;
  /** Jobs that it was given, by id: a result may come late. */
  readonly given: Map<string, Candidate>;
}

/** Devices that are remembered, and jobs of each. */
const MOST_DEVICES = 256;
const MOST_GIVEN = 64;
/** Milliseconds between looks for new models. */
const LOOK = 1000;
/** Timed calls of each backend. */
const TIMED = 30;

/**
 * Hands the models of runs to devices: each model once to each device. What a device found is written into the run's folder, and the first result stays. A device
 * that stops in the middle of a job is given it again, or whoever comes back under its name.
 */
export class DeviceLab {
  readonly #options: LabOptions;
  readonly #lease: number;
  readonly #patience: number;
  readonly #devices = new Map<string, Device>();
  readonly #records = new Map<string, DeviceRecord>();
  readonly #shelf: SampleShelf;

  constructor(options: LabOptions) {
    this.#options = options;
    this.#shelf = new SampleShelf(options.sample);
    this.#lease = options.lease ?? 60_000;
    this.#patience = options.patience ?? 30_000;
  }

  /** @returns the id under which the device asks for jobs: nobody else knows it. */
  greet(hello: DeviceHello): string {
    const id = makeSecret();
    const longestAway = [...this.#devices].sort(([, a], [, b]) => a.seen - b.seen)[0]?.[0];
    if (this.#devices.size >= MOST_DEVICES && longestAway) this.#devices.delete(longestAway);
    this.#devices.set(id, { hello, key: deviceKey(hello), seen: Date.now(), given: new Map() });
    return id;
  }

  /** The next job of a device; undefined where there is none for a while. @throws Refusal (404) for a device that is not known. */
  async next(id: string, signal: AbortSignal): Promise<DeviceJob | undefined> {
    const device = this.#seen(id);
    // Who asks for the next one is not at the last one any more.
    device.job = undefined;
    const end = Date.now() + this.#patience;
    for (;;) {
      const job = await this.#offer(device, signal);
      if (job || signal.aborted || Date.now() >= end) return job;
      await setTimeout(Math.min(LOOK, Math.max(1, end - Date.now())), undefined, { signal }).catch(() => undefined);
      device.seen = Date.now();
    }
  }

  /** What a job is about. @throws Refusal (404) for a job that this device was not given. */
  given(id: string, job: string): Candidate {
    const candidate = this.#seen(id).given.get(job);
    if (candidate) return candidate;
    throw notFound('This device was given no such job');
  }

  /** Keeps what a device found, unless there is a result of its already. */
  async report(id: string, job: string, { backends }: DeviceResult): Promise<void> {
    const { folder, model } = this.given(id, job);
    const device = this.#seen(id);
    await this.#record(folder).add({ device: device.hello, model, at: Date.now(), backends });
    if (device.job === job) device.job = undefined;
    device.given.delete(job);
  }

  /** Devices, with what they found in the runs that are looked at. */
  async list(): Promise<DeviceInfo[]> {
    const present = [...this.#devices.values()].map((device) => ({ ...device, at: this.#jobOf(device) }));
    const runs = new Map<string, { run: string; labels: Map<string, string> }>();
    for (const { folder, run, model, label, device } of await this.#options.candidates()) {
      const known = runs.get(folder) ?? { run, labels: new Map() };
      if (device === undefined) known.labels.set(model, label);
      runs.set(folder, known);
    }
    return listDevices(
      present,
      [...runs].map(([folder, known]) => ({ ...known, record: this.#record(folder) })),
    );
  }

  async #offer(device: Device, signal: AbortSignal): Promise<DeviceJob | undefined> {
    const busy = new Map<string, Candidate[]>();
    for (const each of this.#devices.values()) {
      const at = this.#jobOf(each);
      if (at) addTo(busy, each.key, at);
    }
    const isTaken = ({ folder, model }: Candidate) =>
      busy.get(device.key)?.some((at) => at.folder === folder && at.model === model) ?? false;
    for (const candidate of await this.#options.candidates()) {
      if (candidate.device !== undefined && candidate.device !== device.hello.name) continue;
      if (isTaken(candidate) || (await this.#isMeasured(candidate, device))) continue;
      const sample = await this.#shelf.get(candidate);
      if (!sample) continue;
      // It has gone meanwhile, and may be back under another id.
      if (signal.aborted) return undefined;
      const id = makeSecret();
      device.given.set(id, candidate);
      for (const old of [...device.given.keys()].slice(0, Math.max(0, device.given.size - MOST_GIVEN))) device.given.delete(old);
      device.job = id;
      device.seen = Date.now();
      const { run, model, label, about } = candidate;
      return { id, run, model, label, ...(about !== undefined && { about }), ...sample, runs: TIMED };
    }
    return undefined;
  }

  /** Also where what was found cannot be read: nothing could be added to it. */
  #isMeasured({ folder, model }: Candidate, { hello }: Device): Promise<boolean> {
    return attempted(
      () => this.#record(folder).has(hello, model),
      () => true,
    );
  }

  #record(folder: string): DeviceRecord {
    const record = this.#records.get(folder) ?? new DeviceRecord(folder);
    this.#records.set(folder, record);
    return record;
  }

  #seen(id: string): Device {
    const device = this.#devices.get(id);
    if (!device) throw notFound('There is no such device; open the link again');
    device.seen = Date.now();
    return device;
  }

  /** What a device is at; nothing any more where it was silent for long. */
  #jobOf({ job, seen, given }: Device): Candidate | undefined {
    return job !== undefined && Date.now() - seen <= this.#lease ? given.get(job) : undefined;
  }
}
