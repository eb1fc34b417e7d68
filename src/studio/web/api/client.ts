import type { LiveRun, RunInfo, Steering } from '../../../strategies/index.js';
import type { DatasetInfo, GraphInfo, RunFinding, RunSummary, SessionInfo, StartRun } from '../../api/index.js';
import { encoded } from './encode.js';
import { type Reader, readers } from './shapes.js';

/** An answer that is an error, or none at all. */
export class ApiFailure extends Error {
  /** 0 where nobody answered. */
  readonly status: number;
  /** What to do about it. */
  readonly fix?: string;

  constructor(status: number, message: string, fix?: string) {
    super(message);
    this.name = 'ApiFailure';
    this.status = status;
    this.fix = fix;
  }
}

/** Where what a run's page asks for is, relative to the page. */
export function runAddress(id: string, ...rest: readonly string[]): string {
  return ['api/runs', encoded(id), ...rest.map(encoded)].join('/');
}

/** A file of a run's folder. */
export function fileAddress(id: string, path: string): string {
  return runAddress(id, 'files', ...path.split('/'));
}

export const api = {
  session: (): Promise<SessionInfo> => get('api/session', readers.session),
  runs: (): Promise<RunSummary[]> => get('api/runs', readers.summaries),
  run: (id: string): Promise<LiveRun> => get(runAddress(id), readers.run),
  front: (id: string): Promise<RunInfo> => get(runAddress(id, 'front'), readers.front),
  findings: (id: string): Promise<RunFinding[]> => get(runAddress(id, 'devices'), readers.findings),
  graph: (id: string, model: string): Promise<GraphInfo> => get(runAddress(id, 'models', model, 'graph'), readers.graph),
  datasets: (): Promise<DatasetInfo[]> => get('api/datasets', readers.datasets),
  start: async (run: StartRun): Promise<{ id: string }> => readers.id(await (await post('api/runs', run)).json()),
  createUpload: async (): Promise<{ id: string }> => readers.id(await (await post('api/uploads', {})).json()),
  steer: async (id: string, message: Steering): Promise<void> => void (await post(runAddress(id, 'steering'), message)),
};

async function get<T>(address: string, read: Reader<T>): Promise<T> {
  return read(await (await answered(address)).json());
}

function post(address: string, body: unknown): Promise<Response> {
  return answered(address, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
}

/** @throws ApiFailure for anything but success. */
async function answered(address: string, init?: RequestInit): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(address, { ...init, credentials: 'same-origin' });
  } catch {
    throw new ApiFailure(0, 'The studio does not answer.', 'Is it still running?');
  }
  if (answer.ok) return answer;
  throw failureOf(answer.status, await answer.text());
}

/** What an answer other than success says. */
export function failureOf(status: number, body: string): ApiFailure {
  try {
    const { message, fix } = readers.error(JSON.parse(body)).error;
    return new ApiFailure(status, message, fix);
  } catch {
    return new ApiFailure(status, `The studio answered with status ${status}.`);
  }
}
