import { type Expr, type Variable, within } from '../../../codegen/index.js';
import { Code } from '../assembler/index.js';

/** A place in the code behind which some variables are known: what depends on them alone may be computed there, once. */
export interface Slot {
  readonly code: Code;
  /** Slots that are passed before have a smaller depth. */
  readonly depth: number;
  /** Locals that hold what was computed there, by what it is. */
  readonly known: Map<string, number>;
  /** Where the slot is the begin of a loop's round: how to move a local along with the loop's count. */
  readonly loop?: LoopSlot;
}

export interface LoopSlot {
  readonly variable: Variable;
  readonly from: Expr;
  readonly step: number;
  /** Runs before the loop. */
  readonly before: Code;
  /** Runs at the end of each round. */
  readonly after: Code;
}

/** What a variable is while code is written. */
export interface Binding {
  /** Where it is known from. */
  readonly slot: Slot;
  /** The local that holds it. */
  local?: number;
  /** What it is, where it is computed only when it is asked for. */
  readonly value?: Expr;
}

/** Variables and the places from which they are known, along the way to the code that is being written. */
export class Scopes {
  readonly #bindings = new Map<number, Binding>();
  #depth = 0;
  readonly root: Slot;

  constructor(code: Code) {
    this.root = this.slot(code);
  }

  /** A new slot at the end of code. */
  slot(code: Code, loop?: LoopSlot): Slot {
    const place = new Code();
    code.add(place);
    return { code: place, depth: this.#depth++, known: new Map(), loop };
  }

  bind({ id }: Variable, binding: Binding): Binding {
    this.#bindings.set(id, binding);
    return binding;
  }

  /** What a variable is; undefined where it is not declared yet. */
  find({ id }: Variable): Binding | undefined {
    return this.#bindings.get(id);
  }

  binding(variable: Variable): Binding {
    const { hint } = variable;
    const found = this.find(variable);
    if (!found) throw new Error(`The variable "${hint}" is read before it is declared`);
    return found;
  }

  /** Where an expression may be computed at the earliest; undefined where it depends on memory or registers. */
  slotOf(expr: Expr): Slot | undefined {
    let deepest = this.root;
    for (const part of within(expr)) {
      if (part.kind === 'load' || part.kind === 'dot' || part.kind === 'register') return undefined;
      if (part.kind !== 'variable') continue;
      const { slot } = this.binding(part.variable);
      if (slot.depth > deepest.depth) deepest = slot;
    }
    return deepest;
  }
}
