// The worker of WebGPU programs in a bundle: see espalier-wasm-worker.ts.
import * as ort from 'onnxruntime-web/webgpu';
import { serve } from './serve.js';

serve(() => ort);
