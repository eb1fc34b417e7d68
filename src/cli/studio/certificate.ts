import { readFileSync } from 'node:fs';
import { OptionError } from '../../base/index.js';
import { fileError } from '../../base/node/index.js';

export interface CertificateOptions {
  tls?: boolean;
  cert?: string;
  key?: string;
  host: string;
}

/** The certificate that was given, or one that is made; undefined for plain http. @throws OptionError where half of it is missing; ResourceError where it cannot be read. */
export async function certificateFor({ tls, cert, key, host }: CertificateOptions): Promise<{ cert: string; key: string } | undefined> {
  if ((cert === undefined) !== (key === undefined))
    throw new OptionError({
      what: 'A certificate and its key belong together',
      where: cert === undefined ? '--key' : '--cert',
      fix: 'Give both --cert and --key.',
    });
  if (cert !== undefined && key !== undefined) return { cert: readText(cert), key: readText(key) };
  if (!tls) return undefined;
  const { makeCertificate } = await import('../../studio/server/index.js');
  return makeCertificate([host]);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw fileError('The file could not be read', path, cause);
  }
}
