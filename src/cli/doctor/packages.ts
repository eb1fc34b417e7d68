import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly engines?: { readonly node?: string };
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

/** Espalier's own package.json. */
export const own = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as Manifest;

/** The version of a package as Espalier finds it; undefined where it does not. Nothing of it is run. */
export function installedVersion(name: string): string | undefined {
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? [];
  for (const folder of folders) {
    try {
      return (JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8')) as Manifest).version;
    } catch {
      // Not in this folder: Node looks into the next one, too.
    }
  }
  return undefined;
}

/** Packages that a user may add, with the versions that suit. */
export function optionalPeers(): [name: string, range: string][] {
  const { peerDependencies = {}, peerDependenciesMeta = {} } = own;
  return Object.entries(peerDependencies).filter(([name]) => peerDependenciesMeta[name]?.optional);
}
