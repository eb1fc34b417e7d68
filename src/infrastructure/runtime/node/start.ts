import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { ResourceError } from '../../../base/index.js';

/** Workers by their file in Espalier's package, with the names that the package exports them under. */
const workers = {
  'espalier-node-worker.js': 'espalier/workers/node',
  'espalier-web-check-worker.js': 'espalier/workers/node/web-check',
} as const;

type WorkerFile = keyof typeof workers;

/**
 * Starts one of Espalier's workers: the file beside this script, which may be a bundle; without one, that of the installed package.
 * @throws ResourceError where there is neither.
 */
export function startWorker(file: WorkerFile, options: WorkerOptions): Worker {
  return isBeside(file) ? startBeside(file, options) : new Worker(installed(file), options);
}

/** Bundlers look for exactly these expressions: no address may be computed. */
function startBeside(file: WorkerFile, options: WorkerOptions): Worker {
  return file === 'espalier-node-worker.js'
    ? new Worker(new URL('./espalier-node-worker.js', import.meta.url), options)
    : new Worker(new URL('./espalier-web-check-worker.js', import.meta.url), options);
}

/** webpack makes a file of the expression above, under a name of its own. In a CommonJS bundle nothing is known of what lies beside. */
function isBeside(file: WorkerFile): boolean {
  const { url, webpack } = import.meta as { url?: string; webpack?: number };
  return webpack !== undefined || (url !== undefined && existsSync(fileURLToPath(new URL(file, url))));
}

function installed(file: WorkerFile): string {
  try {
    return createRequire(import.meta.url ?? __filename).resolve(workers[file]);
  } catch (cause) {
    throw new ResourceError(
      {
        what: "The file of the runtime's thread is missing",
        where: file,
        expected: 'it beside the bundle, or the package espalier in node_modules',
        fix: `Build ${workers[file]} as a second entry of this name; see docs/bundlers.md`,
      },
      { cause },
    );
  }
}
