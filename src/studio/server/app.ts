import { join } from 'node:path';
import { Hono } from 'hono';
import type { SessionInfo } from '../api/index.js';
import type { Address } from './address.js';
import { Candidates } from './devices/candidates.js';
import { invitationTo } from './devices/invitation.js';
import { DeviceLab } from './devices/lab.js';
import { deviceRoutes, labRoutes } from './devices/routes.js';
import { sampleFor } from './devices/samples.js';
import { sampleOfWish } from './devices/wishes.js';
import type { StudioOptions } from './options.js';
import { pages } from './pages.js';
import { apiError, notFound, Refusal } from './refusal.js';
import { runRoutes } from './runs/routes.js';
import type { Runs } from './runs/runs.js';
import type { RunSource } from './runs/source.js';
import { storeRoutes } from './runs/store.js';
import { guardHost, guardOrigin, guardSecret, takeToken } from './security/guard.js';
import { securityHeaders } from './security/headers.js';
import type { Env } from './serving/env.js';
import { openBelow, segmentsOf } from './serving/paths.js';
import type { Processes } from './starting/processes.js';
import { startRoutes } from './starting/routes.js';
import type { Uploads } from './starting/uploads.js';

/** What a studio is made of. */
export interface Parts {
  readonly options: StudioOptions;
  /** Known once the server listens. */
  readonly address: () => Address;
  /** Opens everything but what devices do, and what devices do. */
  readonly token: string;
  readonly deviceToken: string;
  readonly source: RunSource;
  readonly runs: Runs;
  readonly processes: Processes;
  readonly uploads: Uploads;
  readonly canStart: boolean;
  /** Bytes of a file that is sent. */
  readonly maxUpload: number;
  /** Aborted when the studio ends. */
  readonly signal: AbortSignal;
}

/** Every request passes, in this order, who it is sent to, whom it is from, and who may; then its route. */
export function makeApp(parts: Parts): Hono<Env> {
  const { options, address, token, deviceToken, source, runs, uploads, processes, canStart, maxUpload, signal } = parts;
  const { isReadOnly = false, limits = {} } = options;
  // Cookies do not know ports: each studio of a machine has a name for its own.
  const cookie = () => `espalier-${address().port}`;
  const candidates = new Candidates(runs);
  const lab = new DeviceLab({
    candidates: () => candidates.all(),
    sample: async ({ folder, file, model, device }) => {
      const segments = segmentsOf(file);
      if (!segments) throw notFound('There is no such file');
      await (await openBelow(folder, segments)).file.close();
      return device !== undefined ? sampleOfWish(folder, model) : sampleFor(join(folder, ...segments), folder, signal);
    },
    ...limits,
  });
  const session: SessionInfo = { version: options.version, canStart, maxUpload };

  const app = new Hono<Env>();
  app.use(securityHeaders);
  app.use(guardHost(address));
  app.use('/api/*', guardOrigin(address));

  app.use('/api/device/*', guardSecret(deviceToken));
  app.use('/api/device', guardSecret(deviceToken));
  app.route('/api/device', deviceRoutes(lab, signal));

  app.use('/api/*', guardSecret(token, cookie));
  app.get('/api/session', (context) => context.json(session));
  app.use('/api/devices/invitation', async (_, next) => {
    if (isReadOnly)
      throw new Refusal(403, { what: 'The studio only shows runs', fix: 'Start it without --read-only to have devices measure models.' });
    await next();
  });
  app.route(
    '/api/devices',
    labRoutes(lab, () => invitationTo(address(), deviceToken)),
  );
  app.route('/api', startRoutes({ uploads, processes, canStart }));
  app.route('/api/runs', storeRoutes({ runs, isReadOnly, artefact: limits.artefact }));
  app.route('/api/runs', runRoutes({ runs, source, isReadOnly, signal, ...limits }));
  app.all('/api/*', () => {
    throw notFound('There is no such address');
  });

  app.use(takeToken(token, cookie, () => address().isTls));
  app.route('/', pages(options.web));

  app.notFound((context) => context.json(apiError(notFound('There is no such address')).body, 404));
  app.onError((error, context) => {
    const { status, body } = apiError(error);
    if (status === 500)
      options.onMessage?.({
        level: 'warning',
        text: `The studio could not answer ${context.req.method} ${JSON.stringify(context.req.path)}: ${error.stack ?? error.message}`,
      });
    return context.json(body, status);
  });
  return app;
}
