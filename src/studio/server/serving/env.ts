import type { HttpBindings } from '@hono/node-server';

/** What handlers find in `context.env`: Node's own request and response. */
export interface Env {
  Bindings: HttpBindings;
}
