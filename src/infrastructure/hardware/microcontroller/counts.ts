/** What instructions do, as far as cycle tables tell them apart. */
export const instructionKinds = [
  'plain',
  'load',
  'store',
  'taken',
  'branch',
  'divide',
  'float',
  'floatMultiplyAdd',
  'floatDivide',
] as const;
export type InstructionKind = (typeof instructionKinds)[number];

/** What the instructions of a layer grow with. */
export interface InstructionCount {
  readonly perMac: number;
  /** For each number of the result; without multiplications for each number of data or result, whichever are more. */
  readonly perElement: number;
  readonly perLayer: number;
  /** Shares of the instructions by what they do; `taken` are branches that jump. */
  readonly mix?: Readonly<Partial<Record<InstructionKind, number>>>;
}

/** Instruction set -> kind of layer or ONNX operator -> type. */
export type InstructionTable = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, InstructionCount>>>>>>;
