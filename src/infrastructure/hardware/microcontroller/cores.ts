import type { InstructionKind } from './counts.js';

/** A core: which instructions it has, and how many cycles each takes. */
export interface Core {
  readonly set: 'armv7e-m' | 'armv6-m';
  readonly cycles: Readonly<Record<InstructionKind, number>>;
  readonly source: string;
}

export const coreNames = ['cortex-m4', 'cortex-m7', 'cortex-m0plus'] as const;

const m4 = { plain: 1, load: 2, store: 1, taken: 3, branch: 1, divide: 12, float: 1, floatMultiplyAdd: 3, floatDivide: 14 };

/** CoreMark per MHz, as Arm publishes it: of the Cortex-M4, and of the Cortex-M7, which issues two instructions at a time. */
const [COREMARK_M4, COREMARK_M7] = [3.42, 5.01];

/** Cycles of instructions by the cores' technical reference manuals; memory is taken to keep up (flash accelerators, caches, or code in RAM). */
export const cores: Readonly<Record<(typeof coreNames)[number], Core>> = {
  'cortex-m4': {
    set: 'armv7e-m',
    cycles: m4,
    source:
      'Cortex-M4 Technical Reference Manual (DDI 0439), tables 3-1 and 7-1: loads 2, stores 1, branches that jump 1 and 1 to 3 for the pipeline (2 taken), division 2 to 12 (12 taken), multiply-add of floats 3, division of floats 14',
  },
  'cortex-m7': {
    set: 'armv7e-m',
    cycles: Object.fromEntries(Object.entries(m4).map(([kind, cycles]) => [kind, (cycles * COREMARK_M4) / COREMARK_M7])) as typeof m4,
    source:
      'Arm publishes no cycles of the Cortex-M7: those of the Cortex-M4, quicker by what Arm publishes of both, 5.01 and 3.42 CoreMark/MHz',
  },
  'cortex-m0plus': {
    set: 'armv6-m',
    cycles: { ...m4, store: 2, taken: 2, divide: 1, float: 1, floatMultiplyAdd: 1, floatDivide: 1 },
    source:
      'Cortex-M0+ Technical Reference Manual (DDI 0484), table 3-1: loads and stores 2, branches that jump 2, multiplication 1 (the option of one cycle); floats and divisions are functions, whose instructions are counted',
  },
};
