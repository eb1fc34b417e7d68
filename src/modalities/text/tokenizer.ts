import type { Tokenizer } from '@huggingface/tokenizers';
import { EspalierError, OptionError, Sha256 } from '../../base/index.js';
import { addPreparation, type Preparation, type Prepare } from '../../data/index.js';
import { checkWhole, idTensor, textsOfBatch } from './preparations.js';

/** What of a text's tokens a model's input takes: their ids, 1 where there is one, or 0 throughout (a single text has one segment). */
export type TokenPart = 'ids' | 'mask' | 'types';

interface Registered {
  tokenizer: Tokenizer;
  padding: number;
}

/** Tokenizers that are loaded, by the SHA-256 of their file: vocabularies are too long to be carried in every specification. */
const TOKENIZERS = new Map<string, Registered>();

/**
 * Makes a tokenizer usable by preparations of the kind "tokenizer". Needs the package @huggingface/tokenizers beside Espalier.
 * @param text the content of tokenizer.json. @param config that of tokenizer_config.json; default none.
 * @returns what preparations name it by.
 * @throws EspalierError where the package is missing or the tokenizer is of a kind that it does not know.
 */
export async function loadTokenizer(text: string, config: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const name = new Sha256().update(text).hex();
  if (TOKENIZERS.has(name)) return name;
  const library = await import('@huggingface/tokenizers').catch((cause) => {
    throw new EspalierError(
      { what: 'Tokenizers need a package that is not installed', fix: 'Run npm install @huggingface/tokenizers' },
      { cause },
    );
  });
  try {
    const tokenizer = new library.Tokenizer(JSON.parse(text), config);
    TOKENIZERS.set(name, { tokenizer, padding: paddingOf(tokenizer, config) });
  } catch (cause) {
    throw new EspalierError({ what: `The tokenizer cannot be used (${(cause as Error).message})`, where: 'tokenizer.json' }, { cause });
  }
  return name;
}

function paddingOf(tokenizer: Tokenizer, { pad_token: token }: Readonly<Record<string, unknown>>): number {
  const content = typeof token === 'object' && token !== null ? (token as { content?: unknown }).content : token;
  const names = typeof content === 'string' ? [content] : ['[PAD]', '<pad>'];
  return names.map((name) => tokenizer.token_to_id(name)).find((id) => id !== undefined) ?? 0;
}

/** The ids of a text with the tokens that the tokenizer puts around it; a longer text is cut within these. */
function encode({ tokenizer }: Registered, text: string, length: number): number[] {
  const ids: number[] = tokenizer.encode(text).ids;
  if (ids.length <= length) return ids;
  const own: number[] = tokenizer.encode(text, { add_special_tokens: false }).ids;
  const around = ids.length - own.length;
  let before = 0;
  while (before < around && !own.every((id, i) => ids[before + i] === id)) before++;
  return [...ids.slice(0, before), ...own.slice(0, Math.max(0, length - around)), ...ids.slice(before + own.length)].slice(0, length);
}

/** Tokens of a tokenizer that was loaded: int64 [n, length]. */
const preparation: Preparation = {
  kind: 'tokenizer',
  check: (options) => {
    checkWhole(options, 'length', 1);
    registered(options);
    if (!['ids', 'mask', 'types'].includes(options.part as string))
      throw new OptionError({
        what: 'Not a usable value',
        where: 'preparation "tokenizer", option "part"',
        expected: '"ids", "mask" or "types"',
        got: JSON.stringify(options.part),
      });
  },
  run: (samples, options) => {
    const found = registered(options);
    const { length, part } = options as unknown as { length: number; part: TokenPart };
    const rows = textsOfBatch(samples).map((text) => {
      const ids = encode(found, text, length);
      if (part === 'ids') return [...ids, ...new Array<number>(length - ids.length).fill(found.padding)];
      return part === 'mask' ? ids.map(() => 1) : [];
    });
    return idTensor(rows, length);
  },
};

function registered({ tokenizer }: Prepare): Registered {
  const found = typeof tokenizer === 'string' ? TOKENIZERS.get(tokenizer) : undefined;
  if (found) return found;
  throw new OptionError({
    what: "The model's tokenizer is not there",
    where: 'preparation "tokenizer"',
    expected: 'the tokenizer.json that it was trained with',
    fix: 'Put tokenizer.json (and tokenizer_config.json) into the folder of the model file',
  });
}

addPreparation(preparation);
