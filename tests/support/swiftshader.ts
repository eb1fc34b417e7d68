import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from './paths.js';

/** Debian's chromium package brings SwiftShader, a graphics driver in software, and the Vulkan loader. */
const folder = '/usr/lib/chromium';
const driver = join(folder, 'vk_swiftshader_icd.json');

/** The `skip` option of a test that needs WebGPU in Node. */
export const skipWithoutSwiftShader = existsSync(driver) ? false : 'there is no SwiftShader here';

/** Runs a module in a process that finds SwiftShader, with the repository as its folder. @returns what it printed. */
export async function runWithSwiftShader(script: string): Promise<string> {
  const env = { ...process.env, LD_LIBRARY_PATH: folder, VK_DRIVER_FILES: driver };
  const options = { cwd: root, env, maxBuffer: 2 ** 26 };
  return (await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], options)).stdout;
}
