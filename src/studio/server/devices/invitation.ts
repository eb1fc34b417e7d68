import type { Invitation } from '../../api/index.js';
import { type Address, isLoopback, localOrigin, networkOrigin } from '../address.js';

/** The link that makes a device of whoever opens it. @param name that the page proposes for the device. */
export function invitationTo(address: Address, token: string, name?: string): Invitation {
  const origin = networkOrigin(address) ?? localOrigin(address);
  const { protocol, hostname } = new URL(origin);
  const secure = protocol === 'https:' || isLoopback(hostname.replace(/^\[|\]$/g, ''));
  const advice = adviceFor(networkOrigin(address) !== undefined, secure);
  const known = name === undefined ? '' : `,${encodeURIComponent(name)}`;
  return { link: `${origin}/device#${token}${known}`, secure, ...(advice !== undefined && { advice }) };
}

function adviceFor(isReachable: boolean, secure: boolean): string | undefined {
  if (!isReachable)
    return 'Only this machine reaches the studio. For other devices start it with --host 0.0.0.0 --tls, or reach it through a tunnel and give its address as --public-url.';
  if (!secure)
    return 'A browser takes a plain http address in the network for insecure: there is no WebGPU, and WebAssembly has one thread. Start the studio with --tls, or use a tunnel and --public-url.';
  return undefined;
}
