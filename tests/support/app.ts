import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
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
  const archive = done('npm', ['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', folder], root)
    .trim()
    .split('\n')
    .at(-1);
  done('tar', ['-xzf', archive ?? '', '-C', join('node_modules', 'espalier'), '--strip-components=1'], folder);
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** @returns what the command printed. */
function done(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', shell: process.platform === 'win32' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  return stdout;
}
