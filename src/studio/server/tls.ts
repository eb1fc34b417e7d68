import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { EspalierError } from '../../base/index.js';
import { ownAddresses } from './address.js';

/** Days for which a certificate is good: browsers take no longer ones. */
const DAYS = 397;

/**
 * A certificate of one's own for this machine's names and addresses. Browsers warn of it once, as nobody vouches for it; the connection is encrypted, and
 * pages have what secure contexts have.
 * @param names further ones. @returns PEM. @throws EspalierError where the package selfsigned is not installed.
 */
export async function makeCertificate(names: readonly string[] = []): Promise<{ cert: string; key: string }> {
  const { generate } = await selfsigned();
  const all = [...new Set(['localhost', hostname(), '127.0.0.1', '::1', ...ownAddresses(), ...names])];
  const altNames = all.map((name) => (isIP(name) ? { type: 7 as const, ip: name } : { type: 2 as const, value: name }));
  const notBeforeDate = new Date();
  const made = await generate([{ name: 'commonName', value: `Espalier studio on ${hostname()}`.slice(0, 64) }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate,
    notAfterDate: new Date(notBeforeDate.getTime() + DAYS * 86_400_000),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames },
    ],
  });
  return { cert: made.cert, key: made.private };
}

async function selfsigned(): Promise<typeof import('selfsigned')> {
  try {
    return await import('selfsigned');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new EspalierError(
      {
        what: 'To make a certificate takes the package selfsigned',
        fix: 'Install it (npm install selfsigned), or give a certificate of your own: --cert FILE --key FILE.',
      },
      { cause },
    );
  }
}
