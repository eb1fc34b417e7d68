import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Hono } from 'hono';
import { FormatError } from '../../../base/index.js';
import { type LiveRun, type ModelInfo, parseSteering, type Steering } from '../../../strategies/index.js';
import { findingsIn } from '../devices/record.js';
import { notFound, Refusal } from '../refusal.js';
import { REPORT_POLICY } from '../security/headers.js';
import { jsonOf } from '../serving/body.js';
import type { Env } from '../serving/env.js';
import { encodedSegmentsOf, openBelow, restOf, segmentsOf } from '../serving/paths.js';
import { sendFile } from '../serving/send-file.js';
import { eventsOf, streamOf } from './events.js';
import { graphOf } from './graph.js';
import type { Runs } from './runs.js';
import type { RunSource } from './source.js';
import { frontOf } from './summary.js';

export interface RunRoutesOptions {
  readonly runs: Runs;
  readonly source: RunSource;
  readonly isReadOnly: boolean;
  /** Aborted when the studio ends. */
  readonly signal: AbortSignal;
  /** Clients that follow runs at a time. Default 64. */
  readonly listeners?: number;
  /** See EventOptions. */
  readonly pace?: number;
  readonly heartbeat?: number;
}

/** What is seen of runs, and what they are told. */
export function runRoutes({ runs, source, isReadOnly, signal, listeners = 64, ...timing }: RunRoutesOptions): Hono<Env> {
  const routes = new Hono<Env>();
  let listening = 0;

  routes.get('/', async (context) => context.json(await runs.list()));

  routes.get('/:id', async (context) => context.json(await runs.read(context.req.param('id'))));

  routes.get('/:id/devices', async (context) => context.json(findingsIn(await runs.folderOf(context.req.param('id')))));

  routes.get('/:id/events', async (context) => {
    if (listening >= listeners) throw new Refusal(409, { what: 'Too many pages follow runs', fix: 'Close some.' });
    const end = new AbortController();
    const events = eventsOf(runs, context.req.param('id'), { ...timing, signal: AbortSignal.any([end.signal, signal]) });
    listening++;
    let isOpen = true;
    const close = () => {
      if (!isOpen) return;
      isOpen = false;
      listening--;
      end.abort();
      void events.return();
    };
    try {
      // An error here is still an answer.
      const { value } = await events.next();
      const headers = { 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' };
      return new Response(streamOf(events, value ?? '', close), { headers });
    } catch (error) {
      close();
      throw error;
    }
  });

  routes.post('/:id/steering', async (context) => {
    if (isReadOnly) throw new Refusal(403, { what: 'The studio only shows runs', fix: 'Start it without --read-only.' });
    const id = context.req.param('id');
    const { state } = await runs.read(id);
    const message = steeringOf(await jsonOf(context));
    if (['complete', 'stopped', 'failed'].includes(state))
      throw new Refusal(409, {
        what: 'Nobody is at work in this run',
        got: `it is ${state}`,
        fix: 'The same optimize command goes on with it.',
      });
    await source.steer(await runs.folderOf(id), message);
    return context.body(null, 202);
  });

  routes.get('/:id/front', async (context) => {
    const folder = await runs.folderOf(context.req.param('id'));
    if (!existsSync(join(folder, 'front.json'))) throw notFound('The run has no front yet');
    return context.json(frontOf(folder));
  });

  routes.get('/:id/models/:model/graph', async (context) => {
    const id = context.req.param('id');
    const model = modelIn(await runs.read(id), context.req.param('model'));
    const segments = model && segmentsOf(model.file);
    if (!segments) throw notFound('The run has no such model');
    const folder = await runs.folderOf(id);
    await (await openBelow(folder, segments)).file.close();
    return context.json(graphOf(join(folder, ...segments), model.label));
  });

  routes.get('/:id/files/*', async (context) => {
    const segments = encodedSegmentsOf(restOf(context, 4));
    if (!segments) throw notFound('There is no such file');
    const folder = await runs.folderOf(context.req.param('id'));
    return sendFile(context, folder, segments, headersFor(segments.at(-1) as string));
  });

  return routes;
}

function steeringOf(message: unknown): Steering {
  try {
    return parseSteering(message, 'the request');
  } catch (cause) {
    throw cause instanceof FormatError ? new Refusal(400, cause) : cause;
  }
}

function modelIn({ baseline, models }: LiveRun, id: string): ModelInfo | undefined {
  return [...(baseline ? [baseline] : []), ...models].find((model) => model.id === id);
}

/** Pages are shown in an origin of their own; everything else is taken for bytes, or downloaded. */
function headersFor(name: string): Record<string, string> {
  if (/\.html$/i.test(name)) return { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': REPORT_POLICY };
  const isJson = /\.json$/i.test(name);
  const type = isJson ? 'application/json' : /\.(log|jsonl|c|h)$/i.test(name) ? 'text/plain; charset=utf-8' : 'application/octet-stream';
  return { 'Content-Type': type, 'Content-Disposition': `attachment; filename*=UTF-8''${encodeURIComponent(name)}` };
}
