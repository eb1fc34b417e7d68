// The worker of programs in a page without a bundler. Import maps do not reach workers: the page says where onnxruntime-web's module is.
import { serve } from './serve.js';
import type { OnnxRuntime } from './session.js';

serve(({ module }) => import(/* webpackIgnore: true */ /* @vite-ignore */ module as string) as Promise<OnnxRuntime>);
