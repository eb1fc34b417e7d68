import { OptionError } from '../../../base/index.js';
import { c } from '../c/facts.js';
import { nativeRunner } from '../c/node/index.js';
import { type LanguageName, languages } from '../languages.js';
import { ortNodeTarget } from '../ort-node/node/index.js';
import { ortWebWasmTarget } from '../ort-web-wasm/node/index.js';
import { ortWebGpuTarget } from '../ort-webgpu/node/index.js';
import { wasm } from '../wasm/facts.js';
import { moduleRunner } from '../wasm/node/index.js';
import { compiledTarget } from './compiled.js';
import type { CompiledRunner } from './program.js';
import type { Target } from './target.js';

/** What runs compiled models here, by their language. */
export const compiledRunners: Readonly<Record<LanguageName, CompiledRunner>> = { c: nativeRunner, wasm: moduleRunner };

/** Every target; the first is the reference that others are compared with. */
const TARGETS: Target[] = [
  ortNodeTarget,
  ortWebWasmTarget,
  ortWebGpuTarget,
  compiledTarget(c, languages.c, nativeRunner),
  compiledTarget(wasm, languages.wasm, moduleRunner),
];

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
