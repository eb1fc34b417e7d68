import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { reasonOf } from './backends.js';
import type { Check } from './check.js';
import { installedVersion, optionalPeers, own } from './packages.js';

/** Node, npm, and the packages that are no runtime. */
export async function checkSoftware(): Promise<Check[]> {
  const checked = ['onnxruntime-web'];
  const others = optionalPeers().filter(([name]) => !checked.includes(name));
  return [checkNode(), await checkNpm(), await checkSharp(), ...others.map(([name, range]) => checkPeer(name, range))];
}

function checkNode(): Check {
  const { node: version } = process.versions;
  const [, major, minor] = /(\d+)\.(\d+)/.exec(own.engines?.node ?? '') ?? [];
  const [hasMajor, hasMinor] = version.split('.').map(Number);
  const isNew = hasMajor > Number(major) || (hasMajor === Number(major) && hasMinor >= Number(minor));
  const facts = { version, needed: own.engines?.node, platform: process.platform, arch: process.arch };
  const check = { name: 'Node', found: `${version} on ${process.platform} ${process.arch}`, facts };
  return isNew ? { ...check, status: 'ok' } : { ...check, status: 'broken', fix: `Install Node ${major}.${minor} or newer.` };
}

/** Only to install with, and the first thing to know when that failed. */
async function checkNpm(): Promise<Check> {
  try {
    const { stdout } = await promisify(execFile)('npm', ['--version'], { shell: process.platform === 'win32' });
    return { name: 'npm', status: 'ok', found: stdout.trim(), facts: { version: stdout.trim() } };
  } catch {
    return { name: 'npm', status: 'absent', found: 'not found', fix: 'Only needed to install packages.' };
  }
}

/** Decodes a picture of one pixel: the package may be there without the binary of this platform. */
async function checkSharp(): Promise<Check> {
  const version = installedVersion('sharp');
  const check = { name: 'sharp', facts: { version } };
  try {
    const { default: sharp } = await import('sharp');
    const picture = await sharp({ create: { width: 1, height: 1, channels: 3, background: '#fff' } })
      .png()
      .toBuffer();
    const { data } = await sharp(picture).raw().toBuffer({ resolveWithObject: true });
    if (data[0] === 255) return { ...check, status: 'ok', found: `${version}: decodes images` };
    return { ...check, status: 'broken', found: `${version}: decodes a white pixel as ${data[0]}`, fix: 'Install another version.' };
  } catch (cause) {
    const found = version === undefined ? 'not installed' : `${version}: ${reasonOf(cause)}`;
    const fix = 'Install again on this very platform: npm install --ignore-scripts espalier (docs/install.md).';
    return { ...check, status: 'broken', found, fix };
  }
}

function checkPeer(name: string, range: string): Check {
  const version = installedVersion(name);
  if (version !== undefined) return { name, status: 'ok', found: version, facts: { version } };
  return { name, status: 'absent', found: 'not installed', fix: `Optional: npm install --ignore-scripts "${name}@${range}".` };
}
