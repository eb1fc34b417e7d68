import { readFileSync, statSync } from 'node:fs';
import { FormatError } from '../errors.js';
import { LONGEST_JSON } from '../limits.js';
import { fileError } from './files.js';

/**
 * What a JSON file holds, to be checked before it is used: anyone may have written it.
 * @throws FormatError where it is no JSON, or longer than any document that describes something; ResourceError where it cannot be read.
 */
export function readJson(path: string): unknown {
  let text: string;
  try {
    const { size } = statSync(path);
    if (size > LONGEST_JSON)
      throw new FormatError({ what: 'The file is too long', where: path, expected: `at most ${LONGEST_JSON} bytes`, got: String(size) });
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    throw fileError('The file could not be read', path, cause);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FormatError({ what: 'The file is damaged: it is no JSON', where: path }, { cause });
  }
}
