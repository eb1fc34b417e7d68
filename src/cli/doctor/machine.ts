import { constants, existsSync, readFileSync } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { availableParallelism, cpus, freemem, tmpdir, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { formatBytes } from '../../base/index.js';
import { defaultCacheFolder } from '../../data/node/index.js';
import type { Check } from './check.js';
import { instructionSets } from './instructions.js';

/** Training of a small network takes some hundred MB. */
const LITTLE_MEMORY = 1e9;
/** Decoded images of a small dataset. */
const LITTLE_DISK = 1e9;

/** Processor, memory and disk. */
export async function checkMachine(): Promise<Check[]> {
  return [
    checkProcessor(),
    checkThreads(),
    checkMemory(),
    await checkFolder('cache folder', defaultCacheFolder()),
    await checkFolder('temporary folder', tmpdir()),
  ];
}

function checkProcessor(): Check {
  const model = cpus()[0]?.model.trim() || 'unknown';
  const sets = instructionSets();
  const check = { name: 'processor', facts: { model, instructionSets: sets ?? null } };
  if (sets === undefined) return { ...check, status: 'ok', found: `${model}; its instruction sets cannot be told here` };
  const found = `${model}: ${sets.join(', ') || 'no vector instructions'}`;
  if (process.arch !== 'x64' || sets.includes('AVX2')) return { ...check, status: 'ok', found };
  return {
    ...check,
    status: 'warning',
    found,
    fix: 'Without AVX2 models run several times slower. In a virtual machine, let it pass the host’s processor through.',
  };
}

/** The share of the processors that a container may use; undefined where there is no limit. */
function processorQuota(): number | undefined {
  const file = '/sys/fs/cgroup/cpu.max';
  if (!existsSync(file)) return undefined;
  const [quota, period] = readFileSync(file, 'utf8').split(' ').map(Number);
  return Number.isFinite(quota) && period > 0 ? quota / period : undefined;
}

function checkThreads(): Check {
  const [cores, threads, quota] = [cpus().length, availableParallelism(), processorQuota()];
  const check = { name: 'cores', facts: { cores, threads, quota: quota ?? null } };
  const found = `${cores} logical cores; programs have ${threads} threads unless --threads says otherwise`;
  if (quota === undefined || quota >= threads) return { ...check, status: 'ok', found };
  const fit = Math.max(1, Math.floor(quota));
  return {
    ...check,
    status: 'warning',
    found: `${found}; this container may use ${quota} of them`,
    fix: `Give --threads ${fit}: more would wait for each other.`,
  };
}

function checkMemory(): Check {
  const limit = process.constrainedMemory();
  const total = limit > 0 && limit < totalmem() ? limit : totalmem();
  const free = Math.min(freemem(), total);
  const check = { name: 'memory', found: `${formatBytes(free)} free of ${formatBytes(total)}`, facts: { free, total } };
  if (free >= LITTLE_MEMORY) return { ...check, status: 'ok' };
  return { ...check, status: 'warning', fix: 'Close other programs, or train with --max-memory and a smaller --batch-size.' };
}

async function checkFolder(name: string, path: string): Promise<Check> {
  let there = path;
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  const fix = name === 'cache folder' ? 'Name another folder in ESPALIER_CACHE.' : 'Name another folder in TMPDIR (Windows: TEMP).';
  try {
    await access(there, constants.W_OK);
    const { bavail, bsize } = await statfs(there);
    const free = bavail * bsize;
    const check = { name, found: `${path}, ${formatBytes(free)} free`, facts: { path, free } };
    return free >= LITTLE_DISK ? { ...check, status: 'ok' } : { ...check, status: 'warning', fix };
  } catch {
    return { name, status: 'warning', found: `${path}: nothing can be written there`, fix, facts: { path } };
  }
}
