import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type Activity, ResourceError, Stopped, UnsupportedError } from '../../../base/index.js';
import { fileError } from '../../../base/node/index.js';
import type { Model, Tensor } from '../../../onnx/index.js';
import { formatSeconds } from '../../../report/info/index.js';
import type { LatencyInfo } from '../../../strategies/index.js';
import { backendName, recommended } from '../../view/index.js';
import { DeviceRecord, type Measured } from './record.js';
import { sampleOf } from './samples.js';
import { forgetWish, wishFor } from './wishes.js';

export interface DeviceMeterOptions extends Activity {
  /** The run's folder. */
  readonly folder: string;
  /** What the device calls itself. */
  readonly name: string;
  /** Milliseconds that it may be silent while something is asked of it. Default: half an hour. */
  readonly wait?: number;
  /** Milliseconds of silence after which that is said. Default: a minute, or a quarter of `wait`. */
  readonly missed?: number;
}

/** A model's file, relative to the run's folder, and what it is fed. */
export interface DeviceMeasuring {
  readonly id: string;
  readonly file: string;
  readonly model: Model;
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly signal?: AbortSignal;
}

/** Milliseconds between looks whether the device has answered. */
const LOOK = 500;

/**
 * Has models of a run measured by a device: leaves wishes in the run's folder, which the studios that show it pass on, and waits for what comes into devices.json. Each model is measured
 * once, over all runs in the folder.
 */
export class DeviceMeter {
  readonly #options: DeviceMeterOptions;
  readonly #record: DeviceRecord;
  readonly #gone = new AbortController();
  /** What is waited for. */
  #waiting = 0;
  /** When the device was last heard of, or was first asked for something. */
  #heard = 0;
  #isMissed = false;

  constructor(options: DeviceMeterOptions) {
    this.#options = options;
    this.#record = new DeviceRecord(options.folder);
  }

  /** Aborted with a ResourceError where the device was silent for too long: the run cannot go on. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /**
   * Milliseconds of the quickest way whose answers agree; of the quickest at all, and why that is wrong, where none does.
   * @throws UnsupportedError for a model that the device cannot run, or cannot be sent; Stopped when aborted, or where the device is gone.
   */
  async latency(asked: DeviceMeasuring): Promise<LatencyInfo> {
    const { name } = this.#options;
    const found = this.#record.of(name, asked.id) ?? (await this.#ask(asked));
    const batch = Math.max(1, ...Object.values(asked.feeds).map(({ shape }) => shape[0] ?? 1));
    return latencyOf(found, batch, name);
  }

  async #ask({ id, file, model, feeds, signal }: DeviceMeasuring): Promise<Measured> {
    const { folder, name } = this.#options;
    const path = join(folder, file);
    const bytes = await readFile(path).catch((cause) => {
      throw fileError('The model cannot be read', path, cause);
    });
    await wishFor(folder, { device: name, model: id, file }, await sampleOf(bytes, model, feeds, signal));
    if (this.#waiting++ === 0) this.#heard = Date.now();
    try {
      return await this.#answer(id, signal);
    } finally {
      this.#waiting--;
      await forgetWish(folder, id);
    }
  }

  async #answer(id: string, signal?: AbortSignal): Promise<Measured> {
    const { name } = this.#options;
    const signals = [this.gone, this.#options.signal, signal].filter((each) => each !== undefined);
    const end = AbortSignal.any(signals);
    while (!end.aborted) {
      const found = this.#record.of(name, id);
      if (found) {
        this.#hear();
        return found;
      }
      this.#listen(id);
      await setTimeout(LOOK, undefined, { signal: end }).catch(() => undefined);
    }
    throw new Stopped(`The wait for "${name}" was stopped`, { cause: this.gone.reason });
  }

  #hear(): void {
    const { name, onMessage } = this.#options;
    this.#heard = Date.now();
    if (this.#isMissed) onMessage?.({ level: 'info', text: `"${name}" is back; the run goes on.` });
    this.#isMissed = false;
  }

  #listen(id: string): void {
    const { name, wait = 1_800_000, missed = Math.min(60_000, wait / 4), onMessage } = this.#options;
    const silent = Date.now() - this.#heard;
    const until = new Date(this.#heard + wait).toLocaleTimeString();
    if (silent > wait)
      this.#gone.abort(
        new ResourceError({
          what: `The device "${name}" did not answer for ${formatSeconds(wait / 1000)}`,
          where: id,
          fix: 'The same command goes on with the run; what the device has measured is kept.',
        }),
      );
    else if (silent > missed && !this.#isMissed) {
      this.#isMissed = true;
      const text = `"${name}" was not heard of for ${formatSeconds(silent / 1000)}. Open the link on it (again): the run waits until ${until}, and goes on when it answers.`;
      onMessage?.({ level: 'warning', text });
    }
  }
}

/** @throws UnsupportedError where no way ran at all. */
function latencyOf({ backends }: Measured, batch: number, device: string): LatencyInfo {
  const good = recommended(backends);
  const ran = backends.filter(({ p50, status }) => p50 !== undefined && status !== 'fails');
  const best = good ?? ran.sort((a, b) => Number(a.p50) - Number(b.p50))[0];
  if (best?.p50 === undefined)
    throw new UnsupportedError({ what: `The device "${device}" cannot run the model`, got: backends[0]?.error ?? 'no measurement' });
  const { p50, p95 = p50, threads, difference, error } = best;
  const wrong = error ?? `an output is off by ${((difference ?? 0) * 100).toPrecision(2)}% of its largest value`;
  return {
    // A page tells no more of the tail than this.
    ...{ p50, p95, p99: p95, batch, threads, backend: backendName(best), throughput: (1000 * batch) / p50, device },
    ...(!good && { wrong: `its answers there are wrong: ${wrong}` }),
  };
}
