import { attempted } from '../../base/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import type { Model, Tensor } from '../../onnx/index.js';
import { ATTEMPTS, type InventedOptions, inventedFeeds } from './invented.js';

/**
 * Made-up inputs that a model takes: open dimensions have the first likely sizes with which it runs. Some models need so many samples of a sound, or a
 * side that their strides divide, and say so only when they are run.
 * @returns how inputs are made up; as was asked for where it runs with none, or has no open dimension.
 * @throws Stopped when aborted.
 */
export async function runnableInputs(
  model: Model,
  runtime: Runtime,
  { signal, ...options }: InventedOptions & { signal?: AbortSignal } = {},
): Promise<InventedOptions> {
  if (!isOpen(model)) return options;
  const program = await attempted(
    () => runtime.compile(model, { threads: 1, signal }),
    () => undefined,
  );
  if (!program) return options;
  try {
    return await runnable(model, options, (feeds) => program.run(feeds));
  } finally {
    await program.dispose();
  }
}

/** The first choice of open sizes with which a model runs; the first of all where it runs with none. */
export async function runnable(
  model: Model,
  invented: InventedOptions,
  run: (feeds: Record<string, Tensor>) => Promise<unknown>,
): Promise<InventedOptions> {
  for (let attempt = 0; isOpen(model) && attempt < ATTEMPTS; attempt++) {
    const options = { ...invented, attempt };
    const ran = await attempted(
      () => run(inventedFeeds(model, options)).then(() => true),
      () => false,
    );
    if (ran) return options;
  }
  return invented;
}

function isOpen({ graph }: Model): boolean {
  return graph.feeds.some(({ shape }) => shape?.some((dim) => typeof dim !== 'number'));
}
