import { attempted } from '../../base/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import type { LanguageName, Written } from '../../infrastructure/targets/index.js';
import type { Model } from '../../onnx/index.js';
import type { CompiledInfo } from '../results/info.js';

/** Shapes of a model's inputs, by name. */
type Shapes = Readonly<Record<string, readonly number[]>>;

/** A model as code, under a name. @throws UnsupportedError where it cannot be compiled. */
export async function compiledCode(
  model: Model,
  target: LanguageName,
  name: string,
  { runtime, shapes }: { runtime: Runtime; shapes: Shapes },
): Promise<Written> {
  // Most runs compile nothing.
  const { lowerGraph, planMemory, prepare } = await import('../../infrastructure/codegen/index.js');
  const { languages } = await import('../../infrastructure/targets/index.js');
  const { schedule, write } = languages[target];
  const lowered = lowerGraph(await prepare(model, { runtime, shapes }), schedule);
  return write({ lowered, plan: planMemory(lowered.kernels) }, { name, from: `${name}.onnx` });
}

/** What a model needs as code; where it cannot be compiled, why. */
export async function compiledInfo(model: Model, target: LanguageName, needs: { runtime: Runtime; shapes: Shapes }): Promise<CompiledInfo> {
  return attempted(
    async (): Promise<CompiledInfo> => {
      const { flash, ram } = await compiledCode(model, target, 'model', needs);
      return { target, flash, ram };
    },
    ({ message }): CompiledInfo => ({ target, refused: message }),
  );
}
