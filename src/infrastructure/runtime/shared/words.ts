import { type ErrorFacts, RuntimeError } from '../../../base/index.js';
import { dtypeOf } from '../../../onnx/index.js';

/** What mends a failure of ONNX Runtime, by a pattern of its words. */
const remedies: readonly (readonly [pattern: RegExp, fix: string])[] = [
  [/protobuf parsing failed|data pointer is null/i, 'The file is no ONNX model, or is cut short: export or download it again.'],
  [
    /No Op registered for|is not a registered function\/op/,
    'ONNX Runtime does not know this operator at this opset: export with standard operators.',
  ],
  [
    /Could not find an implementation for/,
    'ONNX Runtime knows the operator, but not with these element types on this backend: cast its inputs, to float32 say.',
  ],
  [/is till opset/, 'Export the model at an older opset.'],
  [
    /WebGPU adapter|Couldn't load Vulkan/i,
    'This machine offers no graphics adapter: use the cpu backend, or name a Vulkan driver in VK_DRIVER_FILES (see docs/infrastructure.md).',
  ],
  [/Failed to get GPU adapter|WebGPU is not supported/i, 'This browser offers pages no graphics adapter: use the wasm backend.'],
  [
    /dynamically imported module|resolve module specifier|Importing a module script failed/i,
    'Say where the modules of onnxruntime-web are: in an import map, or in createWebRuntime({ modules }).',
  ],
  [
    /CompileError|fetching of the wasm failed/i,
    "onnxruntime-web's .wasm file is missing beside the script, or the server answers with something else: docs/bundlers.md says which file goes where.",
  ],
  [/bad_alloc|Failed to allocate memory|out of memory/i, 'There is not enough memory: use a smaller batch or a smaller model.'],
];

/** The error for what ONNX Runtime said: one sentence in its own words, without C++ signatures and paths, and the node where it says which. */
export function runtimeError(message: string, source?: string): RuntimeError {
  const { said, node } = readWords(message);
  const where = node ?? source;
  const facts: ErrorFacts = { what: `ONNX Runtime: ${said}`, ...(where !== undefined && { where }) };
  const fix = remedies.find(([pattern]) => pattern.test(message))?.[1];
  return new RuntimeError(fix === undefined ? facts : { ...facts, fix }, { cause: message });
}

/** Splits ONNX Runtime's message into the node that it is about and what is wrong with it. */
export function readWords(message: string): { said: string; node?: string } {
  const unreadable = /^Unsupported data type: (\d+)/.exec(message);
  if (unreadable) {
    const dtype = dtypeOf(Number(unreadable[1]));
    return { said: `an input or output of type ${dtype} cannot cross into JavaScript; cast it inside the model` };
  }
  let text = message.replace(/\s+/g, ' ').trim();
  text = text.replace(/^(Can't create a session|failed to call OrtRun\(\))\. ERROR_CODE: \d+, ERROR_MESSAGE: /, '');
  text = text.replace(/^no available backend found\. ERR: \[\w+\] (Error: )?/, '');
  text = text.replace(/^Load model from .*? failed: ?/, '').replace(/^Load model (.*?) failed\. /, '$1: ');
  // A failure inside a subgraph is told once per level: the innermost node is the one to name.
  const level = /^Non-zero status code returned while running \S+ node\. Name:'.*?' Status Message: /;
  let node = nodeIn(text);
  for (let outer = level.exec(text); outer; outer = level.exec(text)) {
    text = withoutLocation(text.slice(outer[0].length));
    node = nodeIn(text) ?? node;
  }
  text = text
    .replace(/^This is an invalid model\. (Error: )?/, '')
    .replace(/^In Node, \(.*?\) : \(.*?\) -> \(.*?\) ?, (Error )?/, '')
    .replace(/^Node \(.*?\) Op \(.*?\) /, '')
    .replace(/^(Fatal error|Type Error): /, '')
    .replace(/^\[\w+\] /, '');
  text = withoutLocation(text).replace(/[.\s]+$/, '');
  return node === undefined ? { said: text } : { said: text, node };
}

function nodeIn(text: string): string | undefined {
  const patterns = [
    /while running (?<op>\S+) node\. Name:'(?<name>.*?)'/,
    /In Node, \("(?<name>.*?)", (?<op>[^,]+),/,
    /Node \((?<name>.*?)\) Op \((?<op>.*?)\)/,
    /Optype \((?<op>.*?)\).* in node \((?<name>.*?)\)/,
    /implementation for (?<op>\S+?)(?:\(\d+\))? node with name '(?<name>.*?)'/,
  ];
  for (const pattern of patterns) {
    const { op, name } = pattern.exec(text)?.groups ?? {};
    if (op !== undefined) return `${op} "${name}"`;
  }
  return undefined;
}

/** Drops a leading `file.cc:12 signature condition was false.` of ONNX Runtime's checks. */
function withoutLocation(text: string): string {
  const location = /^\S+\.(?:h|cc|cpp|cu):\d+ /.exec(text);
  if (!location) return text;
  const rest = text.slice(location[0].length);
  const checked = / was false\. ?(?=\S)/.exec(rest);
  if (checked) return rest.slice(checked.index + checked[0].length);
  return rest.includes('::') ? afterSignature(rest) : rest.replace(/^[A-Za-z_]\w* (?=[A-Z])/, '');
}

/** The text after a C++ function's balanced argument list and its qualifiers. */
function afterSignature(text: string): string {
  const open = text.indexOf('(');
  let depth = 0;
  for (let at = open; at >= 0 && at < text.length; at++) {
    if (text[at] === '(') depth++;
    if (text[at] === ')' && --depth === 0) return text.slice(at + 1).replace(/^(?: const|::<lambda\(.*?\)>| \[with .*?\])* /, '') || text;
  }
  return text;
}
