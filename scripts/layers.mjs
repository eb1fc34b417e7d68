// Holds the layer table of docs/design.md: which folder may import which, that other folders see only public faces (index.ts),
// that Node's modules and ONNX Runtime stay inside folders named node/, cli/ and studio/server/ (its build for pages in those named web/, too), and that no files
// import each other in a circle, not even types: each can be read, tested and moved after those that it stands on. And the order of the stages of a run,
// and that nothing outside src/studio/web and src/report/page, which are bundled for browsers, imports from them.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = join(dirname(dirname(fileURLToPath(import.meta.url))), 'src');
const below = (...folders) => folders;
const foundation = below('base', 'onnx', 'pareto', 'data', 'metrics');
const engine = below(...foundation, 'ops', 'autodiff', 'architectures', 'infrastructure');
const techniques = below(...engine, 'training', 'modalities', 'automation', 'technique', 'compression', 'learning');

/** Folder -> what it may import, besides itself. */
const allowed = {
  base: [],
  onnx: ['base'],
  pareto: ['base'],
  data: ['base'],
  metrics: ['base'],
  ops: ['base', 'onnx'],
  automation: ['base', 'pareto'],
  autodiff: [...foundation, 'ops'],
  architectures: [...foundation, 'ops'],
  infrastructure: [...foundation, 'ops'],
  formats: ['base', 'onnx', 'ops', 'infrastructure'],
  training: [...foundation, 'ops', 'autodiff', 'infrastructure'],
  modalities: [...engine, 'formats', 'training'],
  diagnosis: [...foundation, 'ops', 'infrastructure', 'training', 'modalities'],
  technique: [...foundation, 'infrastructure', 'training', 'modalities', 'automation'],
  compression: [...engine, 'training', 'automation', 'technique'],
  learning: [...engine, 'training', 'modalities', 'automation', 'technique'],
  strategies: [...techniques, 'diagnosis'],
  report: ['base', 'pareto', 'metrics', 'diagnosis', 'automation', 'strategies', 'technique', 'infrastructure', 'training'],
  studio: [...techniques, 'formats', 'diagnosis', 'strategies', 'report'],
  cli: [...techniques, 'formats', 'diagnosis', 'strategies', 'report', 'studio'],
};
/** Folders from which only types may be imported. */
const typesOnly = { report: ['automation', 'diagnosis', 'strategies', 'technique', 'infrastructure', 'training'] };

/** Folders inside a folder, in an order in which none imports from a later one: those of strategies/ are what its stages share, then the stages of a run. */
const ordered = {
  strategies: ['results', 'criteria', 'techniques', 'recipes', 'models', 'live', 'plan', 'jobs', 'baseline', 'search', 'settle', 'write'],
};

const problems = [];
/** File -> the files of src that it imports, types included. */
const imports = new Map();
for (const entry of readdirSync(source, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !/\.tsx?$/.test(entry.name)) continue;
  const file = join(entry.parentPath ?? entry.path, entry.name);
  check(file, readFileSync(file, 'utf8'));
}
for (const circle of circles()) problems.push(`Files that import each other in a circle, types included: ${circle.join(' -> ')}`);
for (const problem of problems) console.error(problem);
console.log(
  problems.length === 0
    ? 'Layers: every import goes downwards and through a public face, and no files import each other in a circle.'
    : `Layers: ${problems.length} problem(s).`,
);
process.exit(problems.length === 0 ? 0 : 1);

function check(file, text) {
  const path = relative(source, file).split(sep);
  imports.set(file, []);
  const folder = path.length > 1 ? path[0] : 'root';
  const isServer = folder === 'studio' && path[1] === 'server';
  const inNode = path.includes('node') || isServer || folder === 'cli' || folder === 'root';
  const isPage = inPage(path);
  for (const match of text.matchAll(/^\s*(import|export)\s+(type\s)?[^;'"]*?from\s+['"]([^'"]+)['"]/gm)) {
    const [, , typeOnly, target] = match;
    const complain = (why) => problems.push(`src/${path.join('/')}: "${target}" ${why}`);
    if (!target.startsWith('.')) {
      if (target.startsWith('onnxruntime-web') && path.includes('web')) continue;
      if (/^(node:|onnxruntime|sharp|tar-stream|hono|@hono)/.test(target) && !inNode) complain('belongs in a folder named node/');
      continue;
    }
    const imported = relative(source, resolve(dirname(file), target)).split(sep);
    imports.get(file).push(sourceOf(resolve(dirname(file), target)));
    if (inPage(imported) && !(isPage && imported[0] === folder)) complain('is bundled for pages and nothing else can import it');
    const other = imported[0];
    if (!inNode && imported.includes('node')) complain('is for Node, and this file also runs in a browser');
    if (other === folder) checkOrder(path, imported, complain);
    if (folder === 'root' || other === folder) continue;
    if (!allowed[folder]?.includes(other)) complain(`breaks the layer table: ${folder} may not import ${other}`);
    else if (imported.at(-1) !== 'index.js') complain(`is not the public face of ${other}`);
    if (typesOnly[folder]?.includes(other) && !typeOnly) complain(`${folder} may import only types from ${other}`);
  }
}

function inPage([folder, inner]) {
  return (folder === 'studio' && inner === 'web') || (folder === 'report' && inner === 'page');
}

/** The file that a module's name stands for. */
function sourceOf(module) {
  const tsx = module.replace(/\.js$/, '.tsx');
  return existsSync(tsx) ? tsx : module.replace(/\.js$/, '.ts');
}

function checkOrder([folder, inner], [, other], complain) {
  const order = ordered[folder] ?? [];
  if (order.includes(inner) && !order.slice(0, order.indexOf(inner) + 1).includes(other))
    complain(`breaks the order of ${folder}: ${inner} may import only what comes before it`);
}

/** One circle for each file in which a walk along imports comes back to itself. */
function circles() {
  const found = [];
  const done = new Set();
  const path = [];
  const visit = (file) => {
    if (done.has(file)) return;
    const place = path.indexOf(file);
    if (place >= 0) {
      found.push([...path.slice(place), file].map((each) => relative(source, each).replaceAll(sep, '/')));
      return;
    }
    path.push(file);
    for (const imported of imports.get(file) ?? []) visit(imported);
    path.pop();
    done.add(file);
  };
  for (const file of imports.keys()) visit(file);
  return found;
}
