/** With each of the conditions: carry clear and set (bcc, bcs) are among them; bic, bfi and bfc are no branches. */
const BRANCH = /^(bl?x?|b(eq|ne|cs|cc|hs|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)|cbn?z)(\.[nw])?$/;

/** What a Thumb instruction does, of src/infrastructure/hardware/microcontroller/counts.ts, by its mnemonic; whether a branch jumps is not known of it. */
export function kindOf(mnemonic) {
  if (/^(ldr|vldr|ldm|pop|vldm|vpop)/.test(mnemonic)) return 'load';
  if (/^(str|vstr|stm|push|vstm|vpush)/.test(mnemonic)) return 'store';
  if (BRANCH.test(mnemonic)) return 'branch';
  if (/^(v?fn?m[as]|vn?ml[as])/.test(mnemonic)) return 'floatMultiplyAdd';
  if (/^(vdiv|vsqrt)/.test(mnemonic)) return 'floatDivide';
  if (/^v/.test(mnemonic)) return 'float';
  if (/^[su]div/.test(mnemonic)) return 'divide';
  return 'plain';
}
