const polynomial = 0x82f63b78; // Castagnoli's, reflected

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
  return value;
});

/** CRC-32C (Castagnoli) of bytes, unsigned. Source: RFC 3720, appendix B.4. */
export function crc32c(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = (value >>> 8) ^ table[(value ^ byte) & 0xff]!;
  return ~value >>> 0;
}

/**
 * A record as TFRecord files frame it: u64 length, its masked checksum, the bytes, their masked checksum.
 *
 * Source: tensorflow/core/lib/io/record_writer.h; the mask is a rotation by 15 bits and a constant.
 */
export function frameRecord(data: Uint8Array): Uint8Array {
  const out = Buffer.alloc(data.length + 16);
  out.writeBigUInt64LE(BigInt(data.length), 0);
  out.writeUInt32LE(mask(crc32c(out.subarray(0, 8))), 8);
  out.set(data, 12);
  out.writeUInt32LE(mask(crc32c(data)), 12 + data.length);
  return out;
}

/** The whole, undamaged records at the head of a TFRecord file; what a killed process left half-written is passed over. */
export function readRecords(file: Uint8Array): Uint8Array[] {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const records: Uint8Array[] = [];
  for (let at = 0; at + 16 <= bytes.length;) {
    const length = Number(bytes.readBigUInt64LE(at));
    const end = at + 12 + length;
    if (bytes.readUInt32LE(at + 8) !== mask(crc32c(bytes.subarray(at, at + 8))) || end + 4 > bytes.length) break;
    const data = bytes.subarray(at + 12, end);
    if (bytes.readUInt32LE(end) !== mask(crc32c(data))) break;
    records.push(data);
    at = end + 4;
  }
  return records;
}

function mask(checksum: number): number {
  return (((checksum >>> 15) | (checksum << 17)) + 0xa282ead8) >>> 0;
}
