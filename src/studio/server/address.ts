import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';

/** Where a studio listens, and under which address others reach it. */
export interface Address {
  /** What it was told to listen on: "127.0.0.1", "0.0.0.0", "192.168.1.5", "studio.lan". */
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  /** The address of a tunnel that leads here: "https://studio.example.com". */
  readonly publicUrl?: string;
}

/** Whether only this machine reaches a host. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1)$/i.test(host);
}

/** "http://127.0.0.1:8080", for who sits at this machine. */
export function localOrigin({ host, port, isTls }: Address): string {
  return originOf(isWildcard(host) ? '127.0.0.1' : host, port, isTls);
}

/** The address for other machines: the tunnel's, or this machine's in its network. Undefined where there is none. */
export function networkOrigin({ host, port, isTls, publicUrl }: Address): string | undefined {
  if (publicUrl !== undefined) return new URL(publicUrl).origin;
  if (isLoopback(host)) return undefined;
  if (!isWildcard(host)) return originOf(host, port, isTls);
  const [address] = ownAddresses();
  return address === undefined ? undefined : originOf(address, port, isTls);
}

/**
 * Whether a request's Host header names this studio. A page whose name its owner lets point to this machine (DNS rebinding) sends its own name: only
 * addresses, which cannot be made to point elsewhere, and names that are this machine's own are taken.
 */
export function isOwnHost(header: string | undefined, { host, port, isTls, publicUrl }: Address): boolean {
  if (header === undefined || !/^[A-Za-z0-9.:[\]-]{1,255}$/.test(header)) return false;
  if (publicUrl !== undefined && header.toLowerCase() === new URL(publicUrl).host) return true;
  if (!URL.canParse(`http://${header}`)) return false;
  const { hostname: name, port: given } = new URL(`http://${header}`);
  const assumed = isTls ? 443 : 80;
  if ((given === '' ? (header.endsWith(':80') ? 80 : assumed) : Number(given)) !== port) return false;
  const bare = name.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  if (isLoopback(bare)) return true;
  if (isLoopback(host)) return false;
  const own = hostname().toLowerCase();
  return isIP(bare) !== 0 || [host.toLowerCase(), own, `${own}.local`].includes(bare);
}

function originOf(host: string, port: number, isTls: boolean): string {
  return new URL(`${isTls ? 'https' : 'http'}://${isIP(host) === 6 ? `[${host}]` : host}:${port}`).origin;
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** This machine's addresses in its networks, IPv4 first. */
export function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const open = all.filter(({ internal, address }) => !internal && !address.startsWith('fe80:'));
  return [...open.filter(({ family }) => family === 'IPv4'), ...open.filter(({ family }) => family === 'IPv6')].map(
    ({ address }) => address,
  );
}
