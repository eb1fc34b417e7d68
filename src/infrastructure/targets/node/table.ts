import { OptionError } from '../../../base/index.js';
import { cTarget } from '../c/node/index.js';
import { ortNodeTarget } from '../ort-node/node/index.js';
import { ortWebWasmTarget } from '../ort-web-wasm/node/index.js';
import { ortWebGpuTarget } from '../ort-webgpu/node/index.js';
import { wasmTarget } from '../wasm/node/index.js';
import type { Target } from './target.js';

/** Every target; the first is the reference that others are compared with. */
const TARGETS: Target[] = [ortNodeTarget, ortWebWasmTarget, ortWebGpuTarget, cTarget, wasmTarget];

export function targets(): readonly Target[] {
  return TARGETS;
}

/** Adds a target to those that models are made for and checked on. @throws OptionError where the name is taken. */
export function addTarget(target: Target): void {
  if (TARGETS.some(({ name }) => name === target.name))
    throw new OptionError({ what: 'There is a target of this name already', got: target.name });
  TARGETS.push(target);
}

/** @throws OptionError for a name that no target has. */
export function targetNamed(name: string): Target {
  const found = TARGETS.find((target) => target.name === name);
  if (found) return found;
  throw new OptionError({ what: `There is no target "${name}"`, expected: TARGETS.map((target) => target.name).join(', ') });
}
