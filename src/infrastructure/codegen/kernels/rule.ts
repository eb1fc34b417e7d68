import type { Node, Tensor, Value } from '../../../onnx/index.js';
import type { Buffer, Expr, Statement, StorageType } from '../loops/index.js';
import type { Operand } from '../operands/index.js';
import type { Schedule, TiledKind, Tiling } from './schedule.js';

/** How an operator is computed by loops. */
export type KernelRule = ElementwiseRule | ViewRule | NestRule | BranchesRule;

/** Each element of the one output follows from the elements at its place, inputs broadcast to it. */
export interface ElementwiseRule {
  readonly kind: 'elementwise';
  /** @returns the element, given those of the inputs that are there. */
  readonly value: (context: RuleContext) => (elements: readonly Expr[]) => Expr;
  /** How an input is broadcast where that is not numpy's way. */
  readonly align?: (context: RuleContext, index: number) => Operand;
}

/** The outputs hold elements of the inputs, or numbers known beforehand, at other places: nothing is computed. */
export interface ViewRule {
  readonly kind: 'view';
  readonly view: (context: RuleContext) => readonly Operand[];
}

/** Loops of its own. */
export interface NestRule {
  readonly kind: 'nest';
  /** Whether what follows element by element may be computed as output 0 is stored. Needs a rule that stores each element once, by `output(0).store`. */
  readonly absorbs?: boolean;
  readonly emit: (context: NestContext) => void;
}

/** One of two graphs is run, by a condition: both become kernels that run if it holds, or does not. */
export interface BranchesRule {
  readonly kind: 'branches';
}

export interface RuleContext {
  readonly node: Node;
  /** Version of the standard's operators. */
  readonly opset: number;
  readonly schedule: Schedule;
  has(index: number): boolean;
  /** Input `index`, stored or computed where it is read. */
  input(index: number): Operand;
  /** A value, stored or computed where it is read. */
  operand(value: Value): Operand;
  /** Contents of a constant input. */
  constant(index: number): Tensor | undefined;
  /** Integers of a constant input. @throws UnsupportedError where it is not constant. */
  integers(index: number): number[] | undefined;
  /** A constant of the program. */
  constantBuffer(hint: string, type: StorageType, contents: ArrayLike<number> | ArrayLike<bigint>, size?: number): Buffer;
  /** Shape and element type of an output. */
  shape(index?: number): readonly number[];
  type(index?: number): StorageType;
  /** @throws UnsupportedError: this use has no kernel, because `reason`. */
  refuse(reason: string): never;
}

export interface NestContext extends RuleContext {
  /** Input `index` in memory, written there first where it was not yet: for kernels that read elements more than once. */
  stored(index: number): Operand & { readonly stored: NonNullable<Operand['stored']> };
  /** Input `index` as it is, where computing an element is cheap; else in memory: for kernels that read elements a few times. */
  cheap(index: number): Operand;
  /** A value in memory, written there first where it was not yet. */
  storedValue(value: Value): Operand & { readonly stored: NonNullable<Operand['stored']> };
  /** Where an output goes. */
  output(index?: number, options?: SinkOptions): Sink;
  /** What follows output 0 and is computed as it is stored, in order. */
  readonly absorbed: readonly Node[];
  /** Whether an optional output is wanted. */
  wants(index: number): boolean;
  /** How the loops of this operator are cut and ordered. A rule asks for one kind only. */
  tiling(kind: TiledKind): Tiling;
  /** Memory that only this kernel uses. */
  scratch(hint: string, type: StorageType, size: number): Buffer;
  /**
   * Ends the kernel: what it runs, and its multiply-accumulates. A rule may emit several.
   * @param facts `plain`: the same for processors without vectors.
   */
  emit(body: readonly Statement[], facts?: { kind?: string; macs?: number; plain?: readonly Statement[] }): void;
}

export interface SinkOptions {
  /** Axes as they should lie in memory, the one that lies together last. Row-major by default, and where the program's caller reads it. */
  readonly order?: readonly number[];
  /** The absorbed operator whose result is given to `store`, in place of the output. */
  readonly from?: Node;
}

/** An output, or what is computed of it element by element. */
export interface Sink {
  readonly shape: readonly number[];
  /** Element type of what is stored. */
  readonly type: StorageType;
  /** What is stored, as others read it. */
  readonly operand: Operand & { readonly stored: NonNullable<Operand['stored']> };
  /** The operators that are computed of the output as it is stored. */
  readonly absorbed: readonly Node[];
  /** Stores what follows from the element at these indices. */
  store(indices: readonly Expr[], value: Expr): Statement[];
}
