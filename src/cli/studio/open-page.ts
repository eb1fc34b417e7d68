import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * Opens a link in the user's browser by way of a file that only they can read: other users of the machine see command lines, and the link holds a token.
 * @returns a function that removes the file.
 */
export async function openPage(link: string): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-studio-'));
  const path = join(folder, 'open.html');
  const page = `<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=${link}"><title>Espalier</title>`;
  await writeFile(path, page, { mode: 0o600, flag: 'wx' });
  const [command, ...args] = OPENERS[process.platform] ?? ['xdg-open'];
  const child = spawn(command, [...args, pathToFileURL(path).href], { stdio: 'ignore', detached: true });
  // Where there is no browser the link was printed.
  child.once('error', () => undefined);
  child.unref();
  return () => rm(folder, { recursive: true, force: true });
}

const OPENERS: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};
