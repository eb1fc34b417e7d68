import type { Expr, Variable } from '../../../codegen/index.js';
import type { Code, FunctionBody, ValueType } from '../assembler/index.js';
import { Scopes } from './scopes.js';
import { valueType } from './types.js';

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

  /** The local that holds a variable; one that is read for the first time is computed where it was declared. */
  localOf(of: Variable, compute: (value: Expr) => void): number {
    const binding = this.scopes.binding(of);
    if (binding.local !== undefined) return binding.local;
    const { value, slot } = binding;
    if (!value) throw new Error(`The variable "${of.hint}" has no value`);
    const local = this.local(of.lanes ? 'v128' : valueType(of.type));
    binding.local = local;
    this.within(slot.code, () => {
      compute(value);
      this.code.set(local);
    });
    return local;
  }

  /** The local that holds what may be computed once, as early as a slot; where it has none, here. */
  once(
    key: string,
    slot: { readonly code: Code; readonly known: Map<string, number> } | undefined,
    type: ValueType,
    compute: () => void,
  ): number {
    const known = slot?.known.get(key);
    if (known !== undefined) return known;
    const local = this.local(type);
    slot?.known.set(key, local);
    this.within(slot?.code ?? this.code, () => {
      compute();
      this.code.set(local);
    });
    return local;
  }

  /** Writes instructions elsewhere for a while. */
  within(code: Code, write: () => void): void {
    const before = this.code;
    this.code = code;
    write();
    this.code = before;
  }
}
