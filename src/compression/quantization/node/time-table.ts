import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { readJson, writeFileAtomic } from '../../../base/node/index.js';
import { cacheFolder } from '../../../data/node/index.js';

const SCHEMA = 'espalier/layer-times@2';

/** Time of a quantized layer relative to the float one: the median over turns, and its 95% interval. */
export interface LayerTime {
  /** Median milliseconds of a run of the float layer. */
  readonly float: number;
  readonly ratio: number;
  readonly interval: readonly [number, number];
}

/** What was measured of layers by their shapes, on one kind of machine with one version of the runtime; kept in a file of the cache folder. */
export class TimeTable {
  readonly #path: string;
  readonly #about: { machine: string; runtime: string };
  readonly #times: Map<string, LayerTime>;

  private constructor(path: string, about: { machine: string; runtime: string }, times: Map<string, LayerTime>) {
    this.#path = path;
    this.#about = about;
    this.#times = times;
  }

  /** @param folder default: the cache folder, as for decoded data. What cannot be read there is measured again. */
  static async open(folder?: string): Promise<TimeTable> {
    const [{ model = 'unknown' } = {}, ...others] = cpus();
    const about = {
      machine: `${process.platform} ${process.arch}, ${others.length + 1} × ${model}`,
      runtime: `onnxruntime-node ${runtimeVersion()}`,
    };
    const name = createHash('sha256').update(JSON.stringify(about)).digest('hex').slice(0, 12);
    const path = join(await cacheFolder(folder), `layer-times-${name}.json`);
    return new TimeTable(path, about, timesIn(path));
  }

  get path(): string {
    return this.#path;
  }

  get(key: string): LayerTime | undefined {
    return this.#times.get(key);
  }

  set(key: string, time: LayerTime): void {
    this.#times.set(key, time);
  }

  /** Writes all that is known, with what other processes wrote meanwhile. */
  async save(): Promise<void> {
    const layers = Object.fromEntries([...timesIn(this.#path), ...this.#times]);
    await writeFileAtomic(this.#path, `${JSON.stringify({ schema: SCHEMA, ...this.#about, layers }, null, 1)}\n`);
  }
}

function timesIn(path: string): Map<string, LayerTime> {
  if (!existsSync(path)) return new Map();
  try {
    const { schema, layers } = readJson(path) as { schema?: unknown; layers?: Record<string, LayerTime> };
    return new Map(
      schema === SCHEMA
        ? Object.entries(layers ?? {}).filter(([, time]) => Number.isFinite(time?.ratio) && Number.isFinite(time?.float))
        : [],
    );
  } catch {
    return new Map();
  }
}

function runtimeVersion(): string {
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
  return version;
}
