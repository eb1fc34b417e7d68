import { OptionError, RuntimeError, Stopped } from '../../../base/index.js';
import type { Tensor } from '../../../onnx/index.js';
import type { NodeTiming, Program, RunStats, Tensors } from '../contract.js';
import { checkFeed, checkReadable, requireNames } from './checks.js';
import type { Link } from './link.js';
import { inInt32 } from './narrow.js';
import type { Port, SessionSettings } from './protocol.js';
import { pack, unpack } from './tensors.js';

/** What a program needs of the runtime that made it. */
interface Surroundings {
  /** Peak resident memory of the process in bytes, where it is known. */
  memory(): number | undefined;
  /** Called once when the program is gone. */
  forget(): void;
}

interface ProgramSettings extends SessionSettings {
  /** Inputs of int64 that the session takes as int32. Default: none. */
  readonly narrowed?: ReadonlySet<string>;
}

/** A model in a worker. */
export class WorkerProgram implements Program {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly #link: Link;
  readonly #ports: { readonly inputs: ReadonlyMap<string, Port>; readonly outputs: ReadonlyMap<string, Port> };
  readonly #settings: ProgramSettings;
  /** Outputs that a run hands back where `fetch` is not given. */
  readonly #usual: readonly string[];
  /** Resident inputs that have a value. */
  readonly #set = new Set<string>();
  #closed?: Promise<void>;
  readonly #surroundings: Surroundings;

  constructor(
    link: Link,
    ports: { inputs: readonly Port[]; outputs: readonly Port[] },
    settings: ProgramSettings,
    surroundings: Surroundings,
  ) {
    this.#link = link;
    this.#ports = {
      inputs: new Map(ports.inputs.map((port) => [port.name, port])),
      outputs: new Map(ports.outputs.map((port) => [port.name, port])),
    };
    this.#settings = settings;
    this.#surroundings = surroundings;
    this.inputs = ports.inputs.map((port) => port.name);
    this.outputs = ports.outputs.map((port) => port.name);
    const looped = new Set(Object.values(settings.resident));
    this.#usual = this.outputs.filter((name) => !looped.has(name));
    this.#checkResident();
  }

  #checkResident(): void {
    const { resident } = this.#settings;
    requireNames('resident input', Object.keys(resident), this.inputs, 'an input of the model');
    const outputs = Object.values(resident).filter((name) => name !== null);
    requireNames('output that feeds a resident input', outputs, this.outputs, 'an output of the model');
    for (const name of outputs) checkReadable(this.#ports.outputs.get(name) as Port);
    for (const [input, output] of Object.entries(resident)) {
      const from = output === null ? undefined : this.#ports.outputs.get(output);
      const to = this.#ports.inputs.get(input);
      if (from && from.dtype !== to?.dtype) {
        const what = `Resident input "${input}" cannot take output "${output}"`;
        throw new OptionError({ what, where: 'resident', expected: String(to?.dtype), got: String(from.dtype) });
      }
    }
  }

  async run(feeds: Tensors, fetch: readonly string[] = this.#usual): Promise<Record<string, Tensor>> {
    this.#checkCall(feeds, fetch);
    const { tensors, transfer } = pack(inInt32(feeds, this.#settings.narrowed), true);
    return unpack(await this.#link.call('run', { feeds: tensors, fetch }, transfer));
  }

  async time(feeds: Tensors, times: number): Promise<RunStats[]> {
    if (!(Number.isSafeInteger(times) && times >= 1)) {
      throw new OptionError({ what: 'Cannot time that many runs', where: 'times', expected: 'a positive integer', got: String(times) });
    }
    this.#checkCall(feeds, this.#usual);
    const { tensors, transfer } = pack(inInt32(feeds, this.#settings.narrowed), true);
    return this.#link.call('time', { feeds: tensors, fetch: this.#usual, times }, transfer);
  }

  #checkCall(feeds: Tensors, fetch: readonly string[]): void {
    const { resident } = this.#settings;
    const names = Object.keys(feeds);
    const fed = this.inputs.filter((name) => !Object.hasOwn(resident, name));
    requireNames('feed', names, fed, 'an input of the model that is not resident');
    requireNames('fetch', fetch, this.outputs, 'an output of the model');
    requireNames('input of the model', fed, names, 'a feed');
    const unset = Object.keys(resident).find((name) => !this.#set.has(name));
    if (unset !== undefined) {
      throw new OptionError({
        what: `Resident input "${unset}" has no value`,
        fix: 'Give it in `state` or by setState before the first run.',
      });
    }
    for (const name of names) checkFeed(this.#given(name), feeds[name]);
    for (const name of fetch) checkReadable(this.#ports.outputs.get(name) as Port);
  }

  /** An input as the model has it. */
  #given(name: string): Port {
    const port = this.#ports.inputs.get(name) as Port;
    return this.#settings.narrowed?.has(name) ? { ...port, dtype: 'int64' } : port;
  }

  async state(names: readonly string[] = [...this.#set]): Promise<Record<string, Tensor>> {
    requireNames('state', names, [...this.#set], 'a resident input that has a value');
    return unpack(await this.#link.call('state', { names }));
  }

  async setState(state: Tensors): Promise<void> {
    const names = Object.keys(state);
    requireNames('state', names, Object.keys(this.#settings.resident), 'a resident input');
    for (const name of names) checkFeed(this.#ports.inputs.get(name) as Port, state[name]);
    const { tensors, transfer } = pack(state, false);
    for (const name of names) this.#set.add(name);
    await this.#link.call('setState', { state: tensors }, transfer);
  }

  async profile(): Promise<NodeTiming[]> {
    if (!this.#settings.profile) {
      throw new OptionError({ what: 'The program records no profile', where: 'profile', fix: 'Compile it with { profile: true }.' });
    }
    return this.#link.call('profile', {});
  }

  async memory(): Promise<number | undefined> {
    return this.#surroundings.memory() ?? (await this.#link.call('memory', {}));
  }

  dispose(): Promise<void> {
    return this.close(new RuntimeError('The program was disposed'), new Stopped('The program was disposed before this run ended'));
  }

  /** Ends the program; what is awaited rejects with `pending`, later calls with `later`. */
  close(later: Error, pending: Error = later): Promise<void> {
    this.#closed ??= this.#link.close(later, pending).finally(this.#surroundings.forget);
    return this.#closed;
  }
}
