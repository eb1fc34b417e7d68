import { EspalierError } from '../../base/index.js';
import type { Backend, Runtime } from '../../infrastructure/runtime/index.js';
import { checkOnWeb } from '../../infrastructure/runtime/node/index.js';
import { encodeModel, Graph, GraphBuilder, Model, Tensor, tensorType } from '../../onnx/index.js';
import type { Check } from './check.js';
import { installedVersion } from './packages.js';

const NODE = 'onnxruntime-node';
const WEB = 'onnxruntime-web';

/** A model of one Conv, which every backend has a kernel for: the sums of four pixels each. */
function tinyModel(): Model {
  const graph = new Graph('doctor');
  const build = new GraphBuilder(graph);
  const ones = build.constant(Tensor.of('float32', [1, 1, 2, 2], new Float32Array(4).fill(1)));
  const y = build.op('Conv', [build.input('x', 'float32', [1, 1, 4, 4]), ones]);
  build.output(y, 'y').type = tensorType('float32', [1, 1, 3, 3]);
  return new Model(graph, 17);
}

const feeds = () => ({
  x: Tensor.of(
    'float32',
    [1, 1, 4, 4],
    Float32Array.from({ length: 16 }, (_, pixel) => pixel),
  ),
});
const FIRST_SUM = 0 + 1 + 4 + 5;

/** Whether each backend really loads and runs a model: what a package claims to have may lack a driver. */
export async function checkBackends(runtime: Runtime): Promise<Check[]> {
  return [await checkBackend(runtime, 'cpu'), await checkBackend(runtime, 'webgpu'), await checkWeb()];
}

async function checkBackend(runtime: Runtime, backend: Backend): Promise<Check> {
  const version = installedVersion(NODE);
  const check = { name: `${NODE}, ${backend}`, facts: { version, backend } };
  const isNeeded = backend === 'cpu';
  try {
    const program = await runtime.compile(tinyModel(), { backend, threads: 1 });
    const { y } = await program.run(feeds());
    await program.dispose();
    const [sum] = y.numbers();
    if (sum === FIRST_SUM) return { ...check, status: 'ok', found: `${version}: runs models` };
    return {
      ...check,
      status: isNeeded ? 'broken' : 'warning',
      found: `${version}: computes ${sum} where ${FIRST_SUM} is right`,
      fix: 'Install another version.',
    };
  } catch (cause) {
    const found = version === undefined ? 'not installed' : `${version}: ${reasonOf(cause)}`;
    if (!isNeeded)
      return {
        ...check,
        status: 'absent',
        found,
        fix: 'Optional: models can run on a graphics card where there is a driver (Vulkan, Metal or Direct3D 12).',
      };
    const fix = 'Install again, with the line that works everywhere: npm install --ignore-scripts espalier (docs/install.md).';
    return { ...check, status: 'broken', found, fix };
  }
}

/** In Node: a page has the same WebAssembly. */
async function checkWeb(): Promise<Check> {
  const version = installedVersion(WEB);
  const check = { name: `${WEB}, wasm`, facts: { version, backend: 'wasm' } };
  const fix = `Optional: npm install --ignore-scripts ${WEB}, for models in a page and to check that they do the same there.`;
  if (version === undefined) return { ...check, status: 'absent', found: 'not installed', fix };
  try {
    const { status, detail } = await checkOnWeb(encodeModel(tinyModel()), feeds());
    if (status === 'agrees') return { ...check, status: 'ok', found: `${version}: runs models` };
    return { ...check, status: 'warning', found: `${version}: ${detail ?? status}`, fix: 'Install it again.' };
  } catch (cause) {
    return { ...check, status: 'warning', found: `${version}: not compared (${reasonOf(cause)})`, fix: `Mend ${NODE} first.` };
  }
}

/** What went wrong, in a line. */
export function reasonOf(cause: unknown): string {
  const text = cause instanceof EspalierError ? cause.what : cause instanceof Error ? cause.message : String(cause);
  return text.split('\n')[0].slice(0, 200);
}
