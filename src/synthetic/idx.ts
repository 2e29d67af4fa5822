/** An array of bytes out of an IDX file, the format in which MNIST is given out. */
export interface IdxArray {
  readonly shape: readonly number[];
  /** uint8, row-major. */
  readonly data: Uint8Array;
}

const unsignedByte = 0x08;

/**
 * Reads an IDX array of unsigned bytes (already unpacked if it came as `.gz`): two zero bytes, the type, the number of
 * dimensions, each dimension as a big-endian 32-bit number, the values.
 *
 * @throws RangeError saying what is wrong with it.
 */
export function parseIdx(bytes: Uint8Array): IdxArray {
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0) throw new RangeError('An IDX file begins with two zeros.');
  if (bytes[2] !== unsignedByte)
    throw new RangeError(`An IDX file of digits holds unsigned bytes (type 8), this one type ${bytes[2]}.`);
  const dimensions = bytes[3]!;
  const start = 4 + 4 * dimensions;
  if (dimensions < 1 || bytes.length < start) throw new RangeError('The IDX file ends within its header.');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i));
  const size = shape.reduce((a, b) => a * b, 1);
  if (bytes.length - start !== size)
    throw new RangeError(
      `The IDX file promises ${size} values (${shape.join(' × ')}) and holds ${bytes.length - start}.`,
    );
  return { shape, data: bytes.subarray(start) };
}
