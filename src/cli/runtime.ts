import type { CompileOptions, ModelSource, Program, Runtime } from '../infrastructure/runtime/index.js';

/** Node's runtime, whose modules are loaded with the first model: many commands run none. */
export class LateRuntime implements Runtime {
  readonly name = 'onnxruntime-node';
  #made?: Promise<Runtime>;

  async compile(model: ModelSource, options?: CompileOptions): Promise<Program> {
    this.#made ??= import('../infrastructure/runtime/node/index.js').then(({ createNodeRuntime }) => createNodeRuntime());
    return (await this.#made).compile(model, options);
  }

  async dispose(): Promise<void> {
    await (await this.#made)?.dispose();
  }
}
