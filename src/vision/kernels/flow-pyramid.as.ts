// What flow needs around the search: smaller pictures, padded planes and their slopes, larger flows. All pointers are bytes.
//
// A padded plane is int16, brightness × 64, with 16 columns and rows of its edge repeated on every side; `stride` is its
// row length in values, at least width + 32.

const pad: i32 = 16;

/** Means of 2 × 2 pixels, rounded half up; an odd last column or row is left out. */
export function halve(from: usize, width: i32, height: i32, to: usize): void {
  const columns = width >> 1;
  const rows = height >> 1;
  for (let y = 0; y < rows; y++) {
    const above = from + <usize>(2 * y * width);
    const below = above + <usize>width;
    const out = to + <usize>(y * columns);
    let x = 0;
    for (; x + 8 <= columns; x += 8) {
      const a = i16x8.extadd_pairwise_i8x16_u(v128.load(above + <usize>(2 * x)));
      const b = i16x8.extadd_pairwise_i8x16_u(v128.load(below + <usize>(2 * x)));
      const mean = i16x8.shr_u(i16x8.add(i16x8.add(a, b), i16x8.splat(2)), 2);
      v128.store64_lane(out + <usize>x, i8x16.narrow_i16x8_u(mean, mean), 0);
    }
    for (; x < columns; x++) {
      const at = <usize>(2 * x);
      const sum = <i32>load<u8>(above + at) + load<u8>(above + at, 1) + load<u8>(below + at) + load<u8>(below + at, 1);
      store<u8>(out + <usize>x, (sum + 2) >> 2);
    }
  }
}

/** Brightness × 64 with the edge repeated around it. */
export function padPlane(from: usize, width: i32, height: i32, to: usize, stride: i32): void {
  for (let y = 0; y < height; y++) {
    const line = from + <usize>(y * width);
    const row = to + ((<usize>((y + pad) * stride)) << 1);
    const first = i16x8.splat(<i16>((<i32>load<u8>(line)) << 6));
    v128.store(row, first);
    v128.store(row, first, 16);
    let out = row + ((<usize>pad) << 1);
    let x = 0;
    for (; x + 8 <= width; x += 8, out += 16) v128.store(out, i16x8.shl(v128.load8x8_u(line + <usize>x), 6));
    for (; x < width; x++, out += 2) store<i16>(out, <i16>((<i32>load<u8>(line + <usize>x)) << 6));
    const last = <i16>((<i32>load<u8>(line + <usize>(width - 1))) << 6);
    for (const end = row + ((<usize>stride) << 1); out < end; out += 2) store<i16>(out, last);
  }
  const bytes = (<usize>stride) << 1;
  const top = to + <usize>pad * bytes;
  const bottom = to + <usize>(pad + height - 1) * bytes;
  for (let y = 0; y < pad; y++) {
    memory.copy(to + <usize>y * bytes, top, bytes);
    memory.copy(bottom + <usize>(y + 1) * bytes, bottom, bytes);
  }
}

/** Slopes along x and y of the picture itself, in 1/4 grey level over two pixels: 8 × the slope. */
export function slopes(plane: usize, stride: i32, height: i32, alongX: usize, alongY: usize): void {
  const row = (<usize>stride) << 1;
  const end = (<usize>((pad + height) * stride)) << 1;
  for (let at = (<usize>(pad * stride)) << 1; at < end; at += 16) {
    const from = plane + at;
    v128.store(alongX + at, i16x8.shr_s(i16x8.sub(v128.load(from, 2), v128.load(from - 2)), 4));
    v128.store(alongY + at, i16x8.shr_s(i16x8.sub(v128.load(from + row), v128.load(from - row)), 4));
  }
}

/**
 * One component of a flow at twice the size, and twice as long; linear between pixel centres. `row` is room for
 * float32 [width + 8].
 */
export function enlarge(
  from: usize,
  width: i32,
  height: i32,
  to: usize,
  toWidth: i32,
  toHeight: i32,
  row: usize,
): void {
  const line = row + 16;
  const bytes = (<usize>width) << 2;
  for (let y = 0; y < toHeight; y++) {
    const near = min(height - 1, y >> 1);
    const far = min(height - 1, max(0, (y & 1) == 1 ? near + 1 : (y >> 1) - 1));
    const a = from + <usize>near * bytes;
    const b = from + <usize>far * bytes;
    for (let x: usize = 0; x < bytes; x += 16) {
      v128.store(
        line + x,
        f32x4.add(f32x4.mul(f32x4.splat(1.5), v128.load(a + x)), f32x4.mul(f32x4.splat(0.5), v128.load(b + x))),
      );
    }
    store<f32>(line - 4, load<f32>(line));
    store<f32>(line + bytes, load<f32>(line + bytes - 4));
    const out = to + ((<usize>(y * toWidth)) << 2);
    let x = 0;
    for (; x + 8 <= toWidth; x += 8) {
      const at = line + ((<usize>x) << 1);
      const middle = f32x4.mul(f32x4.splat(0.75), v128.load(at));
      const even = f32x4.add(middle, f32x4.mul(f32x4.splat(0.25), v128.load(at - 4)));
      const odd = f32x4.add(middle, f32x4.mul(f32x4.splat(0.25), v128.load(at + 4)));
      v128.store(out + ((<usize>x) << 2), v128.shuffle<i32>(even, odd, 0, 4, 1, 5));
      v128.store(out + ((<usize>x) << 2), v128.shuffle<i32>(even, odd, 2, 6, 3, 7), 16);
    }
    for (; x < toWidth; x++) {
      const near = min(width - 1, x >> 1);
      const far = (x & 1) == 1 ? near + 1 : (x >> 1) - 1;
      const value =
        <f32>0.75 * load<f32>(line + ((<usize>near) << 2)) +
        <f32>0.25 * load<f32>(line + ((<usize>min(width, far)) << 2));
      store<f32>(out + ((<usize>x) << 2), value);
    }
  }
}

/** The two planes of a flow, pixel by pixel. */
export function interleave(flowX: usize, flowY: usize, count: i32, to: usize): void {
  const bytes = (<usize>count) << 2;
  for (let at: usize = 0; at < bytes; at += 16) {
    const u = v128.load(flowX + at);
    const v = v128.load(flowY + at);
    v128.store(to + 2 * at, v128.shuffle<i32>(u, v, 0, 4, 1, 5));
    v128.store(to + 2 * at, v128.shuffle<i32>(u, v, 2, 6, 3, 7), 16);
  }
}
