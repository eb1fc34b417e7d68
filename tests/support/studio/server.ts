import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { extname, join } from 'node:path';
import type { LiveChange, LiveRun, RunInfo, Steering } from 'espalier/strategies';
import type { GraphInfo, RunFinding, RunSummary, StartRun } from '#dist/studio/api/index.js';
import { PAGE_POLICY } from '#dist/studio/server/security/headers.js';
import { root } from '../paths.js';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};
const WEB = join(root, 'dist', 'studio', 'web');

/** The studio's HTTP API over runs that are in memory, and the pages that Vite built: what the pages do can be watched, and what they see changed. */
export class FixtureStudio {
  readonly runs = new Map<string, LiveRun>();
  readonly fronts = new Map<string, RunInfo>();
  /** What devices found, by run. */
  readonly findings = new Map<string, RunFinding[]>();
  readonly graphs = new Map<string, GraphInfo>();
  readonly steered: { run: string; message: Steering }[] = [];
  readonly started: StartRun[] = [];
  /** Bytes by "upload/path". */
  readonly uploads = new Map<string, Buffer>();
  canStart = true;
  /** What is answered to everything instead. */
  refusal: { status: number; message: string; fix?: string } | undefined;
  readonly #server: Server = createServer((request, response) => void this.#answer(request, response));
  readonly #listeners = new Map<string, Set<ServerResponse>>();
  readonly #sockets = new Set<Socket>();
  #isAway = false;

  async open(): Promise<string> {
    if (!existsSync(join(WEB, 'index.html'))) throw new Error('The pages are not built. Run: npm run build');
    this.#server.on('connection', (socket) => {
      if (this.#isAway) return void socket.destroy();
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** Answers nobody until it comes back. It keeps its port meanwhile: anybody could take one that is free. */
  leave(): void {
    this.#isAway = true;
    this.#cut();
  }

  comeBack(): void {
    this.#isAway = false;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#cut();
    await closed;
  }

  #cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Changes a run, and tells those who follow it. */
  change(id: string, change: Omit<LiveChange, 'revision'>): void {
    const run = this.runs.get(id);
    if (!run) throw new Error(`There is no run "${id}"`);
    const told = { ...change, revision: run.revision + 1 };
    const { models, trials, ...fields } = told;
    this.runs.set(id, {
      ...run,
      ...fields,
      models: models ? [...run.models.filter((model) => !models.some((each) => each.id === model.id)), ...models] : run.models,
      trials: trials ? [...run.trials.filter((trial) => !trials.some((each) => each.number === trial.number)), ...trials] : run.trials,
    });
    this.#tell(id, 'change', told);
  }

  remove(id: string): void {
    this.runs.delete(id);
    this.#tell(id, 'gone', {});
  }

  #tell(id: string, event: string, data: unknown): void {
    for (const response of this.#listeners.get(id) ?? []) response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('Content-Security-Policy', PAGE_POLICY);
    const [, ...parts] = new URL(request.url ?? '/', 'http://localhost').pathname.split('/').map(decodeURIComponent);
    if (parts[0] !== 'api') return page(parts, response);
    if (this.refusal) return json(response, this.refusal.status, { error: this.refusal });
    const [, kind, id = '', what, ...rest] = parts;
    const body = await bodyOf(request);
    const run = this.runs.get(id);
    if (kind === 'session') return json(response, 200, { version: '0.0.0', canStart: this.canStart, maxUpload: 1e6 });
    if (kind === 'datasets') return json(response, 200, [{ name: 'digits', title: 'Digits, 8 x 8' }]);
    if (kind === 'uploads' && request.method === 'POST') return json(response, 201, { id: `u${this.uploads.size}` });
    if (kind === 'uploads') {
      this.uploads.set([id, what, ...rest].join('/'), body);
      return void response.writeHead(204).end();
    }
    if (kind === 'runs' && id === '' && request.method === 'POST') return this.#start(JSON.parse(String(body)), response);
    if (kind === 'runs' && id === '')
      return json(
        response,
        200,
        [...this.runs].map(([name, each]) => summaryOf(name, each)),
      );
    if (!run) return json(response, 404, { error: { message: `There is no run "${id}"` } });
    if (what === undefined) return json(response, 200, run);
    if (what === 'events') return this.#listen(id, run, response);
    if (what === 'devices') return json(response, 200, this.findings.get(id) ?? []);
    if (what === 'front') return json(response, this.fronts.has(id) ? 200 : 404, this.fronts.get(id) ?? { error: { message: 'No front' } });
    if (what === 'models') return json(response, 200, this.graphs.get(rest[0]));
    if (what === 'files') return void response.end(`the bytes of ${rest.join('/')}`);
    this.steered.push({ run: id, message: JSON.parse(String(body)) });
    response.writeHead(202).end();
  }

  #start(start: StartRun, response: ServerResponse): void {
    this.started.push(start);
    const [pattern] = this.runs.values();
    this.runs.set(start.name, {
      ...pattern,
      name: start.name,
      state: 'starting',
      baseline: undefined,
      models: [],
      trials: [],
      space: undefined,
    });
    json(response, 201, { id: start.name });
  }

  #listen(id: string, run: LiveRun, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`event: run\ndata: ${JSON.stringify(run)}\n\n`);
    const listeners = this.#listeners.get(id) ?? new Set();
    this.#listeners.set(id, listeners.add(response));
    response.on('close', () => listeners.delete(response));
  }
}

function summaryOf(id: string, { name, state, trials, wanted, models, begun, updated, secondsLeft }: LiveRun): RunSummary {
  const ended = trials.filter((trial) => trial.state !== 'running').length;
  const front = models.filter(({ onFront }) => onFront).length;
  return { id, name, state, trials: { ended, wanted }, front, begun, updated, ...(secondsLeft !== undefined && { secondsLeft }) };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function page(parts: readonly string[], response: ServerResponse): void {
  const file = join(WEB, ...(parts[0] === '' ? ['index.html'] : parts));
  if (!file.startsWith(WEB) || !existsSync(file)) return void response.writeHead(404).end();
  response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' }).end(readFileSync(file));
}
