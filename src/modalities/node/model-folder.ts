import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DataError, FormatError } from '../../base/index.js';
import type { ElementType, Preprocess } from '../../data/index.js';
import { loadModel } from '../../formats/node/index.js';
import { type Model, staticShape } from '../../onnx/index.js';
import { preprocessOfConfig } from '../image/preprocessor-config.js';
import { noteLikely } from '../setup/likely.js';
import { noteProblem } from '../setup/problem-type.js';
import { loadTokenizer, type TokenPart } from '../text/tokenizer.js';

/** Where model folders keep the graph, the likeliest place first. */
const PLACES = ['onnx/model.onnx', 'model.onnx'];

/** Inputs that exporters of text models name so, and what of the tokens they take. */
const PARTS: Readonly<Record<string, TokenPart>> = { input_ids: 'ids', attention_mask: 'mask', token_type_ids: 'types' };

/** Tokens a text, unless the model takes another number or less. */
const TOKENS = 128;

/**
 * A model from its file, or from a folder as Hugging Face's models have it: the graph in onnx/model.onnx or model.onnx, the names of its classes in
 * config.json with what it is for (`problem_type`), and how samples are prepared in preprocessor_config.json or tokenizer.json, which `createTask` then tries first. Of a file these are looked for
 * beside it, where its own metadata says nothing.
 * @throws DataError where a folder has no graph; FormatError for JSON that is damaged; EspalierError where the tokenizer cannot be loaded.
 */
export async function openModel(path: string): Promise<Model> {
  const isFile = !statSync(path, { throwIfNoEntry: false })?.isDirectory();
  const file = isFile ? path : PLACES.map((place) => join(path, place)).find(existsSync);
  if (file === undefined)
    throw new DataError({
      what: 'The folder holds no model',
      where: path,
      expected: PLACES.join(' or '),
      fix: 'Give the .onnx file itself, or export the model to ONNX first',
    });
  const model = loadModel(file);
  const folder = isFile ? dirname(path) : path;
  // Beside a single file anything may lie: what cannot be read there is about something else.
  const json = (name: string) => readJson(join(folder, name), isFile);
  const config = await json('config.json');
  noteLabels(model, config);
  noteProblem(model, (config as { problem_type?: unknown } | null | undefined)?.problem_type);
  const ways = { ...imageWays(model, await json('preprocessor_config.json')), ...(await textWays(model, folder, json)) };
  if (Object.keys(ways).length > 0) noteLikely(model, ways);
  return model;
}

/** Names of classes that say something go into the model's metadata, unless it has its own. */
function noteLabels(model: Model, config: unknown): void {
  const { id2label } = (config ?? {}) as { id2label?: unknown };
  if (typeof id2label !== 'object' || id2label === null || model.metadata.has('espalier.classes')) return;
  const labels = Object.values(id2label).map(String);
  if (!labels.every((label) => /^LABEL_\d+$/.test(label))) model.metadata.set('espalier.classes', JSON.stringify(id2label));
}

function imageWays(model: Model, config: unknown): Record<string, Preprocess[]> {
  const way = preprocessOfConfig(config);
  const [input] = model.graph.feeds;
  if (!way || input?.shape?.length !== 4) return {};
  const [, , height, width] = input.shape;
  const own = typeof height === 'number' && typeof width === 'number' ? { resize: { width, height, mode: 'bilinear' as const } } : {};
  return { [input.name]: [{ ...way, ...own, ...(input.dtype !== undefined && { dtype: input.dtype as ElementType }) }] };
}

async function textWays(model: Model, folder: string, json: (name: string) => Promise<unknown>): Promise<Record<string, Preprocess[]>> {
  const inputs = model.graph.feeds.filter(({ name }) => Object.hasOwn(PARTS, name));
  const path = join(folder, 'tokenizer.json');
  if (inputs.length === 0 || !existsSync(path)) return {};
  const config = ((await json('tokenizer_config.json')) ?? {}) as Record<string, unknown>;
  const tokenizer = await loadTokenizer(await readFile(path, 'utf8'), config);
  const most = typeof config.model_max_length === 'number' ? Math.min(TOKENS, config.model_max_length) : TOKENS;
  const ways = inputs.map((input): [string, Preprocess[]] => {
    const [length = most] = staticShape(input.shape?.slice(1)) ?? [];
    const prepare = { kind: 'tokenizer', tokenizer, part: PARTS[input.name], length };
    return [
      input.name,
      [{ name: `tokenizer.json ${PARTS[input.name]}`, prepare, layout: 'as-is', dtype: (input.dtype ?? 'int64') as ElementType }],
    ];
  });
  return Object.fromEntries(ways);
}

/** Undefined where there is no such file, or it is damaged and that does not matter. */
async function readJson(path: string, lenient: boolean): Promise<unknown> {
  if (!existsSync(path)) return undefined;
  const text = await readFile(path, 'utf8');
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (lenient) return undefined;
    throw new FormatError({ what: `This is no JSON (${(cause as Error).message})`, where: path }, { cause });
  }
}
