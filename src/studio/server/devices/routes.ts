import { Hono } from 'hono';
import type { Invitation } from '../../api/index.js';
import { deviceHello, deviceResult } from '../../api/schemas.js';
import { notFound } from '../refusal.js';
import { parsedBody } from '../serving/body.js';
import type { Env } from '../serving/env.js';
import { segmentsOf } from '../serving/paths.js';
import { sendFile } from '../serving/send-file.js';
import type { DeviceLab } from './lab.js';

/** What a device may do. */
export function deviceRoutes(lab: DeviceLab, signal: AbortSignal): Hono<Env> {
  const routes = new Hono<Env>();

  routes.post('/', async (context) => context.json({ id: lab.greet(await parsedBody(context, deviceHello)) }, 201));

  routes.post('/:id/next', async (context) => {
    const job = await lab.next(context.req.param('id'), AbortSignal.any([context.req.raw.signal, signal]));
    return job ? context.json(job) : context.body(null, 204);
  });

  routes.get('/:id/jobs/:job/model', async (context) => {
    const { folder, file } = lab.given(context.req.param('id'), context.req.param('job'));
    const segments = segmentsOf(file);
    if (!segments) throw notFound('There is no such file');
    return sendFile(context, folder, segments, { 'Content-Type': 'application/octet-stream' });
  });

  routes.post('/:id/jobs/:job', async (context) => {
    await lab.report(context.req.param('id'), context.req.param('job'), await parsedBody(context, deviceResult));
    return context.body(null, 204);
  });

  return routes;
}

/** What whoever has the studio's token sees of devices. */
export function labRoutes(lab: DeviceLab, invite: () => Invitation): Hono<Env> {
  const routes = new Hono<Env>();
  routes.get('/', async (context) => context.json(await lab.list()));
  routes.post('/invitation', (context) => context.json(invite()));
  return routes;
}
