import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixture, root } from './paths.js';

export interface App {
  readonly folder: string;
  remove(): void;
}

/**
 * A folder of its own as a user has it: sources, and the packed package installed, with links to what it depends on.
 * @param leftOut packages that are not installed.
 */
export function makeApp(leftOut: readonly string[] = []): App {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-app-'));
  cpSync(fixture('bundlers'), folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "name": "app", "private": true, "type": "module" }');
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, 'espalier'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (!name.startsWith('.') && !leftOut.includes(name)) symlinkSync(join(root, 'node_modules', name), join(modules, name), 'junction');
  }
  done('tar', ['-xzf', packed(), '-C', join('node_modules', 'espalier'), '--strip-components=1'], folder);
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** The archive of the package as it is built now. It takes seconds to make, and tests of several processes need the same. */
function packed(): string {
  const kept = join(root, 'build', 'packed');
  const path = join(kept, `${newest(['package.json', 'bin', 'dist', 'assets', 'docs'].map((name) => join(root, name)))}.tgz`);
  if (existsSync(path)) return path;
  mkdirSync(kept, { recursive: true });
  const folder = mkdtempSync(join(kept, 'making-'));
  const name = done('npm', ['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', folder], root).trim().split('\n').at(-1);
  for (const each of readdirSync(kept)) if (each.endsWith('.tgz') && join(kept, each) !== path) rmSync(join(kept, each), { force: true });
  renameSync(join(folder, name ?? ''), path);
  rmSync(folder, { recursive: true });
  return path;
}

/** When the last change below some paths was. */
function newest(paths: readonly string[]): number {
  const times = paths.map((path) => {
    const about = statSync(path);
    const below = about.isDirectory() ? newest(readdirSync(path).map((name) => join(path, name))) : 0;
    return Math.max(about.mtimeMs, below);
  });
  return Math.max(0, ...times);
}

/** @returns what the command printed. */
function done(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', shell: process.platform === 'win32' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  return stdout;
}
