import type { DeviceHello, DeviceJob, DeviceResult } from '../../api/index.js';
import { readId, readJob } from './shapes.js';

/** An answer that is an error, or none at all. */
export class Unanswered extends Error {
  /** 0 where nobody answered. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'Unanswered';
    this.status = status;
  }
}

/** Milliseconds after which nobody is there: jobs are waited for half a minute, models may be large. */
const [LONGEST_WAIT, LONGEST_MODEL] = [90_000, 900_000];

/** The device's side of the studio's API; see src/studio/api/devices.ts. */
export class DeviceClient {
  readonly #token: string;

  constructor(token: string) {
    this.#token = token;
  }

  /** @returns the id under which the device asks for jobs. */
  async register(hello: DeviceHello, signal: AbortSignal): Promise<string> {
    return readId(await (await this.#post('', hello, signal)).json());
  }

  /** Undefined where there is no job for a while: then it is asked for again. */
  async next(id: string, signal: AbortSignal): Promise<DeviceJob | undefined> {
    const response = await this.#post(`/${encodeURIComponent(id)}/next`, {}, signal);
    return response.status === 204 ? undefined : readJob(await response.json());
  }

  /** @throws Unanswered where it comes in another length than the job says. */
  async model(id: string, { id: job, bytes }: DeviceJob, signal: AbortSignal): Promise<Uint8Array> {
    const response = await this.#ask(`/${encodeURIComponent(id)}/jobs/${encodeURIComponent(job)}/model`, { signal }, LONGEST_MODEL);
    const content = await response.arrayBuffer().catch((cause: Error) => {
      throw signal.aborted ? cause : new Unanswered(0, cause.message);
    });
    const model = new Uint8Array(content);
    if (model.length !== bytes) throw new Unanswered(0, `The model came with ${model.length} of ${bytes} bytes.`);
    return model;
  }

  /** Whether the studio answers at all, for whoever wonders whether something failed or the connection did. */
  async answers(signal: AbortSignal): Promise<boolean> {
    const answer = await fetch('device', { method: 'HEAD', cache: 'no-store', signal }).catch(() => undefined);
    return answer?.ok === true;
  }

  async report(id: string, { id: job }: DeviceJob, result: DeviceResult, signal: AbortSignal): Promise<void> {
    await this.#post(`/${encodeURIComponent(id)}/jobs/${encodeURIComponent(job)}`, result, signal);
  }

  #post(path: string, content: unknown, signal: AbortSignal): Promise<Response> {
    return this.#ask(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(content), signal });
  }

  async #ask(
    path: string,
    { headers, signal, ...init }: RequestInit & { signal: AbortSignal },
    patience = LONGEST_WAIT,
  ): Promise<Response> {
    const own = { ...headers, Authorization: `Bearer ${this.#token}` };
    // A network that changes under a telephone leaves requests without an end.
    const either = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
    const response = await fetch(`api/device${path}`, { ...init, headers: own, cache: 'no-store', signal: either }).catch(
      (cause: Error) => {
        throw signal.aborted ? cause : new Unanswered(0, cause.message);
      },
    );
    if (response.ok) return response;
    throw new Unanswered(response.status, await messageOf(response));
  }
}

async function messageOf(response: Response): Promise<string> {
  const said: unknown = await response.json().catch(() => undefined);
  const error = typeof said === 'object' && said !== null && 'error' in said ? said.error : undefined;
  const message = typeof error === 'object' && error !== null && 'message' in error ? error.message : undefined;
  return typeof message === 'string' ? message : `The studio answered ${response.status}.`;
}
