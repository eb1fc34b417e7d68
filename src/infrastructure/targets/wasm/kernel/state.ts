import type { Code, FunctionBody, ValueType } from '../assembler/index.js';
import { Scopes } from './scopes.js';

/** A kernel's function while it is written: where instructions go, and what is known there. */
export class KernelState {
  readonly body: FunctionBody;
  readonly scopes: Scopes;
  /** Where instructions go. */
  code: Code;

  constructor(body: FunctionBody) {
    this.body = body;
    this.code = body.code;
    this.scopes = new Scopes(body.code);
  }

  local(type: ValueType): number {
    return this.body.local(type);
  }

  /** Writes instructions elsewhere for a while. */
  within(code: Code, write: () => void): void {
    const before = this.code;
    this.code = code;
    write();
    this.code = before;
  }
}
