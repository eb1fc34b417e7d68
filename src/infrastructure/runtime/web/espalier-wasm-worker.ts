// The worker of WebAssembly programs in a bundle, where nothing else tells it where onnxruntime-web is. The import is static, because a
// thread of onnxruntime-web must be ready for its first message once this script has run.
import * as ort from 'onnxruntime-web/wasm';
import { serve } from './serve.js';

serve(() => ort);
