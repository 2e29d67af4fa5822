// Padded luma pictures, each half the one before, part of points.as.ts.

/** Replicates the edge pixels of a picture outwards. */
export function replicate(picture: usize, width: i32, height: i32, stride: i32, pad: i32): void {
  for (let y = 0; y < height; y++) {
    const row = picture + y * stride;
    memory.fill(row - pad, load<u8>(row), pad);
    memory.fill(row + width, load<u8>(row + width - 1), stride - pad - width);
  }
  const first = picture - pad;
  const last = first + (height - 1) * stride;
  for (let y = 1; y <= pad; y++) {
    memory.copy(first - y * stride, first, stride);
    memory.copy(last + y * stride, last, stride);
  }
}

/**
 * Half the picture: weights 1 4 6 4 1 each way, centred on even pixels, rounded half up. `line` is scratch of
 * 2 (width + 32) bytes. Reads up to 16 pixels beyond the right edge.
 */
export function halve(
  from: usize,
  fromStride: i32,
  to: usize,
  toWidth: i32,
  toHeight: i32,
  toStride: i32,
  line: usize,
): void {
  const columns = 2 * toWidth + 4; // source columns -2 to 2 toWidth + 1
  const four = i16x8.splat(4);
  const six = i16x8.splat(6);
  const half = i16x8.splat(128);
  for (let y = 0; y < toHeight; y++) {
    const middle = from + 2 * y * fromStride - 2;
    for (let x = 0; x < columns; x += 8) {
      const at = middle + x;
      const a = v128.load_ext<u8>(at - 2 * fromStride);
      const b = v128.load_ext<u8>(at - fromStride);
      const c = v128.load_ext<u8>(at);
      const d = v128.load_ext<u8>(at + fromStride);
      const e = v128.load_ext<u8>(at + 2 * fromStride);
      const outer = i16x8.add(a, e);
      const inner = i16x8.mul(i16x8.add(b, d), four);
      v128.store(line + 2 * x, i16x8.add(i16x8.add(outer, inner), i16x8.mul(c, six)));
    }
    for (let x = 0; x < toWidth; x += 8) {
      const at = line + 4 * x;
      const p = v128.load(at);
      const q = v128.load(at, 16);
      const r = v128.load(at, 32);
      const even = i16x8.shuffle(p, q, 0, 2, 4, 6, 8, 10, 12, 14); // columns -2, 0, …, 12
      const odd = i16x8.shuffle(p, q, 1, 3, 5, 7, 9, 11, 13, 15);
      const evenNext = i16x8.shuffle(q, r, 0, 2, 4, 6, 8, 10, 12, 14);
      const oddNext = i16x8.shuffle(q, r, 1, 3, 5, 7, 9, 11, 13, 15);
      const centre = i16x8.shuffle(even, evenNext, 1, 2, 3, 4, 5, 6, 7, 12);
      const right = i16x8.shuffle(even, evenNext, 2, 3, 4, 5, 6, 7, 12, 13);
      const oddRight = i16x8.shuffle(odd, oddNext, 1, 2, 3, 4, 5, 6, 7, 12);
      const outer = i16x8.add(even, right);
      const inner = i16x8.mul(i16x8.add(odd, oddRight), four);
      const sum = i16x8.add(i16x8.add(outer, inner), i16x8.add(i16x8.mul(centre, six), half));
      const out = i16x8.shr_u(sum, 8);
      v128.store64_lane(to + y * toStride + x, i8x16.narrow_i16x8_u(out, out), 0);
    }
  }
}
