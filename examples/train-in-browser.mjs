// Serves a page that trains a network on handwritten digits while you watch: all of it runs in the browser, nothing on this server.
//
//   npm run build && node examples/train-in-browser.mjs [--port 8080]
//
// What a server of such a page must do is all here: the two headers that let a page have threads, and an import map with the addresses of the modules.
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { port: { type: 'string', default: '8080' } } });
const root = fileURLToPath(new URL('..', import.meta.url));
const served = ['dist', 'assets', 'examples/browser', 'node_modules'];
const types = {
  '.css': 'text/css',
  '.gz': 'text/csv',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

const packages = {
  '@bufbuild/protobuf': '@bufbuild/protobuf/dist/esm/index.js',
  '@bufbuild/protobuf/codegenv2': '@bufbuild/protobuf/dist/esm/codegenv2/index.js',
  'csv-parse/browser/esm/sync': 'csv-parse/dist/esm/sync.js',
  fflate: 'fflate/esm/browser.js',
  'onnxruntime-web/wasm': 'onnxruntime-web/dist/ort.wasm.bundle.min.mjs',
  'onnxruntime-web/webgpu': 'onnxruntime-web/dist/ort.webgpu.bundle.min.mjs',
  zod: 'zod/index.js',
};
const parts = ['architectures', 'data', 'infrastructure/runtime/web', 'modalities', 'onnx', 'training'];
const imports = {
  ...Object.fromEntries(Object.entries(packages).map(([name, path]) => [name, `/node_modules/${path}`])),
  ...Object.fromEntries(parts.map((part) => [`espalier/${part}`, `/dist/${part}/index.js`])),
};
const page = readFileSync(join(root, 'examples', 'browser', 'index.html'), 'utf8').replace(
  '<!-- import map -->',
  `<script type="importmap">${JSON.stringify({ imports })}</script>`,
);

const server = createServer((request, response) => {
  // Only a page that is isolated from others may share memory between threads.
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
  const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname)).slice(1);
  if (path === '') {
    response.setHeader('Content-Type', types['.html']);
    response.end(page);
    return;
  }
  const file = join(root, path);
  if (!served.some((folder) => path.startsWith(`${folder}/`)) || !existsSync(file) || !statSync(file).isFile()) {
    response.writeHead(404).end();
    return;
  }
  response.setHeader('Content-Type', types[extname(file)] ?? 'application/octet-stream');
  if (file.endsWith('.gz')) response.setHeader('Content-Encoding', 'gzip');
  createReadStream(file).pipe(response);
});
server.listen(Number(values.port), '127.0.0.1', () => console.log(`Open http://localhost:${server.address().port}/ (Ctrl-C ends)`));
