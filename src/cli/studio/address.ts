import type { Command } from 'commander';
import { OptionError } from '../../base/index.js';
import { port } from '../units.js';
import { certificateFor } from './certificate.js';

/** This machine alone. */
const LOOPBACK = '127.0.0.1';

/** Where a studio is reached. */
export interface AddressOptions {
  /** Default: 127.0.0.1. */
  host?: string;
  port?: number;
  tls?: boolean;
  cert?: string;
  key?: string;
  publicUrl?: string;
}

/** @param what is served: help says so. */
export function addAddressOptions(command: Command, what: string): Command {
  return command
    .option('--port <number>', `where ${what} is served (default: any port that is free)`, port)
    .option('--host <address>', 'who reaches it: with 127.0.0.1 this machine alone, with 0.0.0.0 everyone in its networks', LOOPBACK)
    .option('--tls', 'https, with a certificate that is made for the occasion: browsers warn of it once')
    .option('--cert <file>', 'https, with this certificate (PEM)')
    .option('--key <file>', 'the key of the certificate (PEM)')
    .option('--public-url <url>', 'the address of a tunnel that leads here, e.g. https://studio.example.com');
}

/** What a studio is opened with. @throws OptionError for an address that is none, or half a certificate; ResourceError where that cannot be read. */
export async function addressOf({ host = LOOPBACK, port, publicUrl, ...options }: AddressOptions) {
  return {
    host,
    port,
    publicUrl: publicUrl === undefined ? undefined : checkedUrl(publicUrl),
    tls: await certificateFor({ ...options, host }),
  };
}

function checkedUrl(text: string): string {
  const { protocol, origin } = URL.canParse(text) ? new URL(text) : { protocol: '', origin: '' };
  if (/^https?:$/.test(protocol)) return origin;
  throw new OptionError({ what: 'Not an address', where: '--public-url', expected: 'such as https://studio.example.com', got: text });
}
