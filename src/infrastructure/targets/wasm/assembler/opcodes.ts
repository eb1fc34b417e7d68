/** Instructions of one byte, by their names. */
const plain = {
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  block: 0x02,
  end: 0x0b,
  br: 0x0c,
  br_if: 0x0d,
  call: 0x10,
  select: 0x1b,
  'local.get': 0x20,
  'local.set': 0x21,
  'local.tee': 0x22,
  'i32.const': 0x41,
  'i64.const': 0x42,
  'f32.const': 0x43,
  'f64.const': 0x44,
  'i32.wrap_i64': 0xa7,
  'i64.extend_i32_s': 0xac,
  'i64.extend_i32_u': 0xad,
  'f32.convert_i32_s': 0xb2,
  'f32.convert_i32_u': 0xb3,
  'f32.convert_i64_s': 0xb4,
  'f32.convert_i64_u': 0xb5,
  'f32.demote_f64': 0xb6,
  'f64.convert_i32_s': 0xb7,
  'f64.convert_i32_u': 0xb8,
  'f64.convert_i64_s': 0xb9,
  'f64.convert_i64_u': 0xba,
  'f64.promote_f32': 0xbb,
  'i32.reinterpret_f32': 0xbc,
  'f32.reinterpret_i32': 0xbe,
} as const;

/** Instructions whose codes follow each other, from the code of the first. */
const runs = {
  'i32.load i64.load f32.load f64.load i32.load8_s i32.load8_u i32.load16_s i32.load16_u': 0x28,
  'i32.store i64.store f32.store f64.store i32.store8 i32.store16': 0x36,
  'i32.eqz i32.eq i32.ne i32.lt_s i32.lt_u i32.gt_s i32.gt_u i32.le_s i32.le_u i32.ge_s i32.ge_u': 0x45,
  'i64.eqz i64.eq i64.ne i64.lt_s i64.lt_u i64.gt_s i64.gt_u i64.le_s i64.le_u i64.ge_s i64.ge_u': 0x50,
  'f32.eq f32.ne f32.lt f32.gt f32.le f32.ge f64.eq f64.ne f64.lt f64.gt f64.le f64.ge': 0x5b,
  'i32.add i32.sub i32.mul i32.div_s i32.div_u i32.rem_s i32.rem_u i32.and i32.or i32.xor i32.shl i32.shr_s i32.shr_u': 0x6a,
  'i64.add i64.sub i64.mul i64.div_s i64.div_u i64.rem_s i64.rem_u i64.and i64.or i64.xor i64.shl i64.shr_s i64.shr_u': 0x7c,
  'f32.abs f32.neg f32.ceil f32.floor f32.trunc f32.nearest f32.sqrt f32.add f32.sub f32.mul f32.div f32.min f32.max f32.copysign': 0x8b,
  'f64.abs f64.neg f64.ceil f64.floor f64.trunc f64.nearest f64.sqrt f64.add f64.sub f64.mul f64.div f64.min f64.max f64.copysign': 0x99,
} as const;

/** Instructions behind the byte 0xfc. */
const saturating = {
  'i32.trunc_sat_f32_s i32.trunc_sat_f32_u i32.trunc_sat_f64_s i32.trunc_sat_f64_u': 0,
  'i64.trunc_sat_f32_s i64.trunc_sat_f32_u i64.trunc_sat_f64_s i64.trunc_sat_f64_u': 4,
} as const;

/** Instructions of 128 bits, behind the byte 0xfd. */
const simd = {
  'v128.load v128.load8x8_s v128.load8x8_u v128.load16x4_s v128.load16x4_u': 0,
  'v128.load16_splat v128.load32_splat': 8,
  'v128.store v128.const i8x16.shuffle': 11,
  'i16x8.splat i32x4.splat': 16,
  'f32x4.splat': 19,
  'i32x4.extract_lane i32x4.replace_lane': 27,
  'f32x4.extract_lane f32x4.replace_lane': 31,
  'i32x4.eq i32x4.ne i32x4.lt_s i32x4.lt_u i32x4.gt_s i32x4.gt_u i32x4.le_s i32x4.le_u i32x4.ge_s i32x4.ge_u': 55,
  'f32x4.eq f32x4.ne f32x4.lt f32x4.gt f32x4.le f32x4.ge': 65,
  'v128.not v128.and v128.andnot v128.or v128.xor v128.bitselect': 77,
  'v128.store32_lane v128.store64_lane v128.load32_zero v128.load64_zero': 90,
  'f32x4.ceil f32x4.floor f32x4.trunc f32x4.nearest': 103,
  'i16x8.extend_low_i8x16_s i16x8.extend_high_i8x16_s i16x8.extend_low_i8x16_u i16x8.extend_high_i8x16_u': 135,
  'i16x8.add': 142,
  'i32x4.abs i32x4.neg': 160,
  'i32x4.extend_low_i16x8_s i32x4.extend_high_i16x8_s i32x4.extend_low_i16x8_u i32x4.extend_high_i16x8_u': 167,
  'i32x4.shl i32x4.shr_s i32x4.shr_u i32x4.add': 171,
  'i32x4.sub': 177,
  'i32x4.mul i32x4.min_s i32x4.min_u i32x4.max_s i32x4.max_u i32x4.dot_i16x8_s': 181,
  'i32x4.extmul_low_i16x8_s': 188,
  'f32x4.abs f32x4.neg': 224,
  'f32x4.sqrt f32x4.add f32x4.sub f32x4.mul f32x4.div f32x4.min f32x4.max f32x4.pmin f32x4.pmax': 227,
  'i32x4.trunc_sat_f32x4_s i32x4.trunc_sat_f32x4_u f32x4.convert_i32x4_s f32x4.convert_i32x4_u': 248,
} as const;

type Words<Text extends string> = Text extends `${infer First} ${infer Rest}` ? First | Words<Rest> : Text;

/** An instruction, as the standard's text format calls it. */
export type Opcode =
  | keyof typeof plain
  | Words<keyof typeof runs & string>
  | Words<keyof typeof saturating & string>
  | Words<keyof typeof simd & string>;

/** An unsigned number in groups of seven bits, the lowest first (LEB128). */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let left = value;
  while (left >= 0x80) {
    bytes.push((left % 0x80) | 0x80);
    left = Math.floor(left / 0x80);
  }
  return [...bytes, left];
}

/** A signed number of up to 64 bits in groups of seven bits. */
export function signed(value: number | bigint): number[] {
  const bytes: number[] = [];
  let left = BigInt(value);
  for (;;) {
    const low = Number(left & 0x7fn);
    left >>= 7n;
    const isLast = (left === 0n && low < 0x40) || (left === -1n && low >= 0x40);
    bytes.push(isLast ? low : low | 0x80);
    if (isLast) return bytes;
  }
}

function table(): ReadonlyMap<string, readonly number[]> {
  const codes = new Map<string, readonly number[]>(Object.entries(plain).map(([name, code]) => [name, [code]]));
  const add = (names: Readonly<Record<string, number>>, prefix: readonly number[]) => {
    for (const [run, first] of Object.entries(names)) {
      run.split(' ').forEach((name, place) => {
        codes.set(name, prefix.length === 0 ? [first + place] : [...prefix, ...unsigned(first + place)]);
      });
    }
  };
  add(runs, []);
  add(saturating, [0xfc]);
  add(simd, [0xfd]);
  return codes;
}

const codes = table();

export function encodingOf(name: Opcode): readonly number[] {
  return codes.get(name) ?? [];
}

export function isOpcode(name: string): name is Opcode {
  return codes.has(name);
}
