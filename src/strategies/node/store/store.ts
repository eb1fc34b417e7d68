/** What is known of a file in a store. */
export interface Artefact {
  readonly bytes: number;
  /** SHA-256 of its contents, in hexadecimal digits. */
  readonly sha256: string;
}

/** The file that a store has under a name, and whether it is the one that was published just now. */
export interface Published extends Artefact {
  readonly isOwn: boolean;
}

/**
 * Where the files of a run are, whoever made them: a folder, or the studio's server. Names are those of `kindOfArtefact`; what stands under one is whole, or not there.
 */
export interface Store {
  /** What errors call it. */
  readonly name: string;
  /** What is there under a name; undefined where nothing is. */
  look(name: string): Promise<Artefact | undefined>;
  /**
   * A file on this machine with what is there under a name, for reading only; undefined where nothing is.
   * @throws ResourceError where it cannot be had.
   */
  fetch(name: string): Promise<string | undefined>;
  /**
   * Puts a file of this machine under a name, wholly or not at all, and leaves the file. The first writer wins: where there is something under the name, it stays, unless it is to be replaced.
   * @returns what is there now. @throws ResourceError where it cannot be put there.
   */
  publish(name: string, path: string, options?: { replace?: boolean }): Promise<Published>;
  /** Removes what is kept of work under way: checkpoints of a stage that is done. */
  forget(stage: string): Promise<void>;
}

/** 'model': of a stage, or the weights beside it; 'checkpoint': of work that is under way, which may be replaced; 'input': what the run was given, named by its own SHA-256. */
export type ArtefactKind = 'model' | 'checkpoint' | 'input';

const STAGE = '[A-Za-z0-9][A-Za-z0-9_.-]{0,199}';
const PATTERNS: readonly (readonly [ArtefactKind, RegExp])[] = [
  ['model', new RegExp(`^models/${STAGE}\\.onnx(\\.[0-9a-f]{12}\\.data)?$`)],
  ['checkpoint', new RegExp(`^work/${STAGE}/[A-Za-z0-9][A-Za-z0-9_-]{0,99}\\.checkpoint$`)],
  ['input', /^inputs\/[0-9a-f]{64}$/],
];

/** Whether a name is that of a stage. */
export function isStageName(name: string): boolean {
  return new RegExp(`^${STAGE}$`).test(name);
}

/** What a name stands for: "models/ID.onnx", "work/ID/NAME.checkpoint", "inputs/SHA256"; undefined for what is no artefact of a run. */
export function kindOfArtefact(name: string): ArtefactKind | undefined {
  return PATTERNS.find(([, pattern]) => pattern.test(name))?.[0];
}
