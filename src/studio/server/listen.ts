import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { OptionError } from '../../base/index.js';

/** Milliseconds for the head of a request, for all of it, and between requests on a connection. */
const HEAD = 10_000;
const WHOLE = 3_600_000;
const BETWEEN = 5_000;
/** Bytes of a request's head, and connections at a time. */
const LONGEST_HEAD = 16 * 1024;
const MOST_CONNECTIONS = 512;

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly fetch: Parameters<typeof getRequestListener>[0];
}

/** Listens for requests, within limits that a slow or a talkative client does not get around. @throws OptionError where it cannot listen there, or the certificate is none. */
export async function listen({ host, port, tls, fetch }: ListenOptions): Promise<{ server: Server; port: number }> {
  const options = { maxHeaderSize: LONGEST_HEAD, headersTimeout: HEAD, requestTimeout: WHOLE, keepAliveTimeout: BETWEEN };
  const listener = getRequestListener(fetch, { hostname: host, overrideGlobalObjects: false });
  const server = tls ? secureServer({ ...options, ...tls, minVersion: 'TLSv1.2' }, listener) : createHttpServer(options, listener);
  server.maxConnections = MOST_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(cannotListen(host, port, cause)));
    server.listen({ host, port }, () => resolve());
  });
  return { server, port: (server.address() as AddressInfo).port };
}

function secureServer(options: Parameters<typeof createHttpsServer>[0], listener: Parameters<typeof createHttpServer>[1]): Server {
  try {
    return createHttpsServer(options, listener);
  } catch (cause) {
    throw new OptionError(
      {
        what: `The certificate cannot be used (${(cause as Error).message})`,
        where: 'cert, key',
        expected: 'a certificate and its key, PEM',
      },
      { cause },
    );
  }
}

function cannotListen(host: string, port: number, cause: Error): OptionError {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  const reasons: Record<string, string> = {
    EADDRINUSE: 'the port is taken',
    EACCES: 'permission denied',
    EADDRNOTAVAIL: 'this machine has no such address',
    ENOTFOUND: 'there is no such name',
  };
  const what = `The studio cannot listen (${reasons[code] ?? cause.message})`;
  return new OptionError({ what, where: `${host}:${port}`, fix: 'Give another --port or --host.' }, { cause });
}
