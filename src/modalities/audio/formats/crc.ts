/** A cyclic redundancy check of 8 or 16 bits, the highest bit first, from 0. */
function table(width: 8 | 16, polynomial: number): Uint16Array {
  const [top, mask] = [1 << (width - 1), (1 << width) - 1];
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    let crc = byte << (width - 8);
    for (let bit = 0; bit < 8; bit++) crc = (crc & top ? (crc << 1) ^ polynomial : crc << 1) & mask;
    return crc;
  });
}

const [EIGHT, SIXTEEN] = [table(8, 0x07), table(16, 0x8005)];

/** Of FLAC's frame headers. */
export function crc8(bytes: Uint8Array): number {
  return bytes.reduce((crc, byte) => EIGHT[crc ^ byte], 0);
}

/** Of FLAC's frames. */
export function crc16(bytes: Uint8Array): number {
  return bytes.reduce((crc, byte) => ((crc << 8) & 0xffff) ^ SIXTEEN[(crc >> 8) ^ byte], 0);
}
