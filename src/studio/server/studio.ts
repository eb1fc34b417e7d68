import { realpath } from 'node:fs/promises';
import { cpus } from 'node:os';
import type { Invitation } from '../api/index.js';
import { type Address, localOrigin, networkOrigin } from './address.js';
import { makeApp } from './app.js';
import { invitationTo } from './devices/invitation.js';
import { listen } from './listen.js';
import type { StudioOptions } from './options.js';
import { hasJournal } from './runs/find.js';
import { folderSource } from './runs/folder-source.js';
import { Runs } from './runs/runs.js';
import { makeSecret } from './security/secret.js';
import { Processes, type StartedRun } from './starting/processes.js';
import { UPLOAD_LIMITS, Uploads } from './starting/uploads.js';

/** A studio that answers requests. */
export interface Studio {
  /** Where it listens, e.g. "http://127.0.0.1:4321". */
  readonly origin: string;
  /** The addresses that open it, for this machine and for others that can reach it: whoever has one may do everything. */
  readonly links: readonly string[];
  /** The link that makes a device of whoever opens it, and opens nothing else. @param name that its page proposes for the device. */
  invite(name?: string): Invitation;
  /** Runs that it started and that have not ended: they go on when it closes. */
  readonly running: readonly StartedRun[];
  /** Ends: no request is taken any more, those under way are cut off, uploads that no run was started with are removed. */
  close(): Promise<void>;
}

/** Milliseconds between looks for uploads that nobody uses. */
const SWEEP = 600_000;

/** Opens a studio. @throws OptionError where it cannot listen. */
export async function openStudio(options: StudioOptions): Promise<Studio> {
  const { host = '127.0.0.1', tls, publicUrl, limits = {} } = options;
  const root = await realpath(options.root);
  const end = new AbortController();
  const uploadLimits = limits.uploads ?? UPLOAD_LIMITS;
  const uploads = new Uploads(root, uploadLimits);
  await uploads.sweep();
  const processes = new Processes(root, limits.processes ?? Math.max(4, cpus().length));
  const source = options.source ?? folderSource;
  const runs = new Runs(root, source, processes);
  const canStart = !options.isReadOnly && !(await hasJournal(root));
  const [token, deviceToken] = [options.token ?? makeSecret(), makeSecret()];
  let port = options.port ?? 0;
  const address = (): Address => ({ host, port, isTls: tls !== undefined, publicUrl });
  const app = makeApp({
    ...{ options, address, token, deviceToken, source, runs, processes, uploads, canStart },
    maxUpload: uploadLimits.file,
    signal: end.signal,
  });
  const { server, port: given } = await listen({ host, port, tls, fetch: app.fetch });
  port = given;
  const sweeps = setInterval(() => void uploads.sweep(), SWEEP).unref();
  const origin = localOrigin(address());
  return {
    origin,
    links: [...new Set([origin, networkOrigin(address()) ?? origin])].map((each) => `${each}/?token=${token}`),
    invite: (name) => invitationTo(address(), deviceToken, name),
    get running() {
      return processes.running;
    },
    close: async () => {
      clearInterval(sweeps);
      end.abort();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      await runs.close();
      await uploads.close();
    },
  };
}
