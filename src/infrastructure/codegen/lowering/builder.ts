import { Sha256 } from '../../../base/index.js';
import { type Buffer, both, bytesOfStorage, type Expr, type Kernel, type Statement, type StorageType, when } from '../loops/index.js';

export interface EmitFacts {
  readonly macs: number;
  readonly elements: number;
  /** The body for processors without vectors. */
  readonly plain?: readonly Statement[];
  readonly conditions?: readonly Expr[];
}

/** Collects the kernels and the memory of a program while a graph is lowered. */
export class ProgramBuilder {
  readonly kernels: Kernel[] = [];
  readonly #constants = new Map<string, Buffer>();
  readonly #names = new Map<string, number>();

  /** Constants that are read. Equal ones are one. */
  constant(hint: string, type: StorageType, contents: ArrayLike<number> | ArrayLike<bigint>, size = contents.length): Buffer {
    const key = contentKey(type, contents, size);
    const known = this.#constants.get(key);
    if (known) return known;
    const buffer: Buffer = { name: this.#name(hint), type, size, role: 'constant', contents };
    this.#constants.set(key, buffer);
    return buffer;
  }

  buffer(hint: string, type: StorageType, size: number, role: Exclude<Buffer['role'], 'constant'>): Buffer {
    return { name: this.#name(hint), type, size, role };
  }

  /** Appends a kernel: it runs after those before it, if all conditions hold. */
  emit(title: string, kind: string, body: readonly Statement[], { conditions = [], plain, ...cost }: EmitFacts): Kernel {
    const guarded = (statements: readonly Statement[]) => (conditions.length > 0 ? when(both(...conditions), statements) : statements);
    const kernel: Kernel = { title, kind, body: guarded(body), ...(plain && { plain: guarded(plain) }), ...cost };
    this.kernels.push(kernel);
    return kernel;
  }

  /** An identifier that C and its compilers take, made of a name of any characters. */
  #name(hint: string): string {
    const plain = hint
      .replace(/[^A-Za-z0-9]+/g, '_')
      .replace(/^_+|_+$/g, '')
      .slice(0, 40)
      .replace(/_+$/, '');
    const base = /^[A-Za-z]/.test(plain) ? plain : `t_${plain}`;
    const count = this.#names.get(base) ?? 0;
    this.#names.set(base, count + 1);
    // A number at the end keeps names apart from keywords and from names that end in a number themselves.
    return `${base}_${count}`;
  }
}

/** What two constants share if and only if they are the same bytes of one type. */
function contentKey(type: StorageType, contents: ArrayLike<number> | ArrayLike<bigint>, size: number): string {
  const bytes = ArrayBuffer.isView(contents)
    ? new Uint8Array(contents.buffer, contents.byteOffset, contents.byteLength)
    : new TextEncoder().encode(Array.from(contents as ArrayLike<number>, String).join());
  return `${type} ${size} ${bytesOfStorage(type, size)} ${new Sha256().update(bytes).hex()}`;
}
