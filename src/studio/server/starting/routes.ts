import { rm } from 'node:fs/promises';
import { Hono } from 'hono';
import { startRun } from '../../api/schemas.js';
import { Refusal } from '../refusal.js';
import { parsedBody } from '../serving/body.js';
import type { Env } from '../serving/env.js';
import { restOf } from '../serving/paths.js';
import { argumentsFor, DATASETS } from './arguments.js';
import type { Processes } from './processes.js';
import type { Uploads } from './uploads.js';

export interface StartRoutesOptions {
  readonly uploads: Uploads;
  readonly processes: Processes;
  readonly canStart: boolean;
}

/** How a run is started in the page: files are sent, then the run is described. */
export function startRoutes({ uploads, processes, canStart }: StartRoutesOptions): Hono<Env> {
  const routes = new Hono<Env>();
  const requireStarts = () => {
    if (!canStart)
      throw new Refusal(403, {
        what: 'No runs are started here',
        fix: 'Start the studio without --read-only, in a folder that is no run itself.',
      });
  };

  routes.get('/datasets', (context) => context.json(DATASETS));

  routes.post('/uploads', (context) => {
    requireStarts();
    return context.json({ id: uploads.create() }, 201);
  });

  routes.put('/uploads/:id/*', async (context) => {
    requireStarts();
    const declared = Number(context.req.header('content-length') ?? Number.NaN);
    const length = Number.isFinite(declared) ? declared : undefined;
    await uploads.write(context.req.param('id'), restOf(context, 3), context.env.incoming, length);
    return context.body(null, 204);
  });

  routes.post('/runs', async (context) => {
    requireStarts();
    const start = await parsedBody(context, startRun);
    const folder = processes.claim(start.name);
    try {
      processes.start(start.name, folder, await argumentsFor(start, folder, uploads));
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
    return context.json({ id: start.name }, 201);
  });

  return routes;
}
