import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { OptionError } from '../base/index.js';
import { fileError } from '../base/node/index.js';

/** Where the token is given without a file: a command line is read by whoever lists the processes of the machine. */
export const TOKEN_VARIABLE = 'ESPALIER_TOKEN';

/** The studio's token: what the file holds, else the environment's; undefined where there is neither. @throws OptionError for what is no token; ResourceError where the file cannot be read. */
export function tokenFrom(file: string | undefined): string | undefined {
  if (file === undefined) {
    const given = process.env[TOKEN_VARIABLE];
    return given ? checked(given, TOKEN_VARIABLE) : undefined;
  }
  try {
    return checked(readFileSync(file, 'utf8').trim(), file);
  } catch (cause) {
    throw cause instanceof OptionError ? cause : fileError('The token could not be read', file, cause);
  }
}

/** The same for a command that cannot do without. @throws OptionError where there is none. */
export function requiredToken(file: string | undefined): string {
  const token = tokenFrom(file);
  if (token !== undefined) return token;
  throw new OptionError({
    what: 'The studio takes nothing without its token',
    where: '--store',
    fix: `Give it in ${TOKEN_VARIABLE}, or in a file that --token-file names.`,
  });
}

/** Writes a new token into a file that only its owner may read, where there is no such file. @throws ResourceError where it cannot be written. */
export function makeTokenFile(file: string): void {
  if (existsSync(file)) return;
  try {
    writeFileSync(file, `${randomBytes(32).toString('base64url')}\n`, { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    // Another may have made it meanwhile.
    if (!existsSync(file)) throw fileError('The token could not be written', file, cause);
  }
}

function checked(text: string, where: string): string {
  if (/^[\w-]{32,200}$/.test(text)) return text;
  throw new OptionError({
    what: 'Not a token',
    where,
    expected: '32 to 200 letters, digits, "-" and "_"',
    got: `${text.length} characters`,
    fix: 'Have the studio make one: espalier studio --token-file FILE',
  });
}
