import type { Tensor } from '../../../onnx/index.js';
import type { Tensors } from '../../runtime/index.js';
import type { Agreement } from '../agreement.js';
import type { TargetFacts } from '../target.js';

/** A target of which this machine can tell how it does: in Node. */
export interface Target extends TargetFacts {
  /** Whether cards say how a model does there without being asked. */
  readonly usual: boolean;
  /** Loads a model there, runs it, and compares. The feeds are copied. @throws Stopped when aborted. */
  check(request: CheckRequest): Promise<Verdict>;
  /**
   * Times runs there. The feeds are copied.
   * @returns milliseconds of each run, after one that does not count; undefined where the target is not installed.
   * @throws RuntimeError where the model does not run there; Stopped when aborted.
   */
  measure(request: MeasureRequest): Promise<number[] | undefined>;
}

export interface CheckRequest {
  /** Bytes of the file. */
  readonly model: Uint8Array;
  readonly feeds: Tensors;
  /** What the reference answers, by output: these are compared. */
  readonly expected: Readonly<Record<string, Tensor>>;
  /** Default: the target's own. */
  readonly tolerance?: number;
  readonly signal?: AbortSignal;
}

export interface MeasureRequest {
  readonly model: Uint8Array;
  readonly feeds: Tensors;
  /** Timed runs, 1 or more. Default 10. */
  readonly runs?: number;
  /** Default 1. Some targets have one only. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
}

/** 'fails' where the model does not load or run there; 'not checked' where the target is not installed. */
export interface Verdict extends Omit<Agreement, 'status'> {
  readonly status: Agreement['status'] | 'fails' | 'not checked';
}
