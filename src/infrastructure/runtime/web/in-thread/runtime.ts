import { UnsupportedError } from '../../../../base/index.js';
import type { Runtime } from '../../contract.js';
import { Answers } from '../../shared/answers.js';
import { WorkerRuntime } from '../../shared/runtime.js';
import { load, type OnnxRuntime } from '../session.js';
import { OwnLink, Turns } from './link.js';

export interface InThreadOptions {
  /** Threads inside an operator, for all programs alike: the first that is compiled starts them. Default: 1. */
  threads?: number;
}

/**
 * ONNX Runtime's WebAssembly in the thread that asks: for a page's own worker that computes and does nothing else. All programs share one instance, so that
 * once it is loaded (which `compile` does at the first) nothing is fetched any more, while what large models took stays taken until the worker ends.
 * @throws UnsupportedError for a profile, which onnxruntime-web has none of.
 */
export function createInThreadRuntime({ threads = 1 }: InThreadOptions = {}): Runtime {
  const turns = new Turns();
  // In a script of its own, which onnxruntime-web's threads run once more.
  const module = () => import('onnxruntime-web/wasm') as unknown as Promise<OnnxRuntime>;
  return new WorkerRuntime({
    name: 'onnxruntime-web',
    backends: ['wasm'],
    threads,
    spinning: false,
    complete: (settings) => {
      if (settings.profile) throw new UnsupportedError({ what: 'onnxruntime-web records no profile', where: 'profile' });
      return { ...settings, threads };
    },
    open: (source) => new OwnLink(source, new Answers({ load: async (model, settings) => load(await module(), model, settings) }), turns),
  });
}
