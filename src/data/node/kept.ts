import { createHash, type Hash } from 'node:crypto';
import { DataError } from '../../base/index.js';
import type { PartName } from '../formats/arrays.js';
import { listed } from '../formats/labels.js';
import { pickTargets, type Targets, targetBytes } from '../targets.js';
import type { FilePart } from './parts.js';

/** What a cache file says of one part of decoded samples. */
export interface KeptPart {
  name: PartName;
  size: number;
  targets?: KeptTargets;
  /** Paths of the samples' files, where targets or answers are told by them. */
  files?: string[];
  fingerprint: string;
}

/** Targets as JSON. */
type KeptTargets = Omit<Targets, 'values'> & { values: number[] };

/** Gathers what there is to say of a part, in the order of its samples. */
export class PartCollector {
  readonly #name: PartName;
  readonly #noun: string;
  readonly #hash: Hash = createHash('sha256');
  readonly #targets: Targets | undefined;
  readonly #files: readonly string[] | undefined;
  readonly #places: number[] = [];

  /** @param noun what a sample is called, for messages. @param keepsFiles whether the files' paths are to be known afterwards. */
  constructor(name: PartName, { files, targets }: FilePart, noun: string, keepsFiles = false) {
    this.#name = name;
    this.#targets = targets;
    this.#noun = noun;
    this.#files = keepsFiles ? files.map(({ path }) => path) : undefined;
  }

  /** @param place of the sample in the part; its digest: SHA-256 of the encoded file. */
  add({ place, digest }: { place: number; digest?: string }): void {
    this.#places.push(place);
    this.#hash.update(`${digest}\n`);
  }

  /** @param how what was done to decode them. @throws DataError where there is no sample. */
  finish(how: string, where: string): KeptPart {
    if (this.#places.length === 0) throw new DataError({ what: `The ${this.#name} part has no readable ${this.#noun}`, where });
    const targets = this.#targets && pickTargets(this.#targets, Int32Array.from(this.#places));
    this.#hash.update(how);
    for (const bytes of targets ? targetBytes(targets) : []) this.#hash.update(bytes);
    return {
      name: this.#name,
      size: this.#places.length,
      ...(targets && { targets: { ...targets, values: Array.from(targets.values as ArrayLike<number>) } as KeptTargets }),
      ...(this.#files && { files: this.#places.map((place) => (this.#files as readonly string[])[place]) }),
      fingerprint: this.#hash.digest('hex'),
    };
  }
}

/** Targets from JSON; those of files are of these kinds. */
export function reviveTargets(kept: KeptTargets): Targets {
  const { values } = kept;
  const arrays = { class: Int32Array, labels: Uint8Array, numbers: Float32Array, tokens: Int32Array } as const;
  return { ...kept, values: arrays[kept.kind as keyof typeof arrays].from(values) } as unknown as Targets;
}

/** @throws DataError where too large a share of the files could not be decoded, or all. */
export function checkUnreadable(unreadable: readonly string[], total: number, most: number, where: string, noun: string): void {
  if (unreadable.length === 0 || (unreadable.length < total && unreadable.length <= most * total)) return;
  throw new DataError({
    what: unreadable.length === total ? `No ${noun} can be decoded` : `Too many ${noun}s cannot be decoded`,
    where,
    expected: `at most ${Math.round(most * 100)}% of them`,
    got: `${unreadable.length} of ${total}: ${listed(unreadable, 5)}`,
    fix: 'Replace or remove the damaged files, or allow more (maxUnreadable)',
  });
}
