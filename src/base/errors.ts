/** Where an error was found and what would mend it. Every field but `what` is optional; the sentence is built from those given. */
export interface ErrorFacts {
  /** What went wrong, as a sentence without its full stop. */
  what: string;
  /** The file, node, option or tensor that it is about. */
  where?: string;
  /** What was expected there. */
  expected?: string;
  /** What was found instead. */
  got?: string;
  /** What the reader can do about it. */
  fix?: string;
}

/**
 * The base of every error that Espalier throws on purpose. The fields are for programs, the message is one paragraph for a person.
 * Anything else that escapes is a defect of Espalier.
 */
export class EspalierError extends Error implements ErrorFacts {
  /** Written out in each class, because minifiers rename classes. */
  override readonly name: string = 'EspalierError';
  readonly what: string;
  readonly where?: string;
  readonly expected?: string;
  readonly got?: string;
  readonly fix?: string;

  constructor(facts: ErrorFacts | string, options?: ErrorOptions) {
    const full: ErrorFacts = typeof facts === 'string' ? { what: facts } : facts;
    super(sentence(full), options);
    this.what = full.what;
    this.where = full.where;
    this.expected = full.expected;
    this.got = full.got;
    this.fix = full.fix;
  }
}

function sentence({ what, where, expected, got, fix }: ErrorFacts): string {
  const parts = [ended(where ? `${where}: ${what}` : what)];
  if (expected !== undefined && got !== undefined) parts.push(`Expected ${expected}, got ${got}.`);
  else if (expected !== undefined) parts.push(`Expected ${expected}.`);
  else if (got !== undefined) parts.push(`Got ${got}.`);
  if (fix) parts.push(ended(fix));
  return parts.join(' ');
}

/** With a full stop, unless it ends a sentence already. */
function ended(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** An option, argument or combination of them that cannot be used. */
export class OptionError extends EspalierError {
  override readonly name: string = 'OptionError';
}

/** A file or stream that is not what it claims to be: not ONNX, truncated, corrupt, or pointing outside its folder. */
export class FormatError extends EspalierError {
  override readonly name: string = 'FormatError';
}

/** A graph that breaks ONNX's rules: a cycle, a dangling input, a value defined twice, types that do not fit. */
export class GraphError extends EspalierError {
  override readonly name: string = 'GraphError';
}

/** Something valid that Espalier has no rule for. It refuses rather than guesses. */
export class UnsupportedError extends EspalierError {
  override readonly name: string = 'UnsupportedError';
}

/** Data that cannot serve: empty, one class, labels that do not match the model, shapes that do not fit. */
export class DataError extends EspalierError {
  override readonly name: string = 'DataError';
}

/** Work that was stopped on purpose, by Ctrl-C, a signal or a budget. What was done is kept. */
export class Stopped extends EspalierError {
  override readonly name: string = 'Stopped';
}

/** A failure inside a runtime: a model that does not load, a kernel that fails. */
export class RuntimeError extends EspalierError {
  override readonly name: string = 'RuntimeError';
}

/**
 * The machine, not the work, is what failed: a full disk, missing rights, a thread that died. The same call may succeed another time, so that
 * nothing about the work follows from it.
 */
export class ResourceError extends EspalierError {
  override readonly name: string = 'ResourceError';
}
