// From a block's numbers to bytes, and from luma and colour differences to RGB: part of jpeg.as.ts.

/** Four numbers at a time; small steps that are always compiled in place: only methods of a class can say so. */
class Lanes {
  @inline
  static times(a: v128, b: i32): v128 {
    return i32x4.mul(a, i32x4.splat(b));
  }

  /** Writes four columns of four as rows 32 bytes apart. */
  @inline
  static storeTurned(to: usize, a: v128, b: v128, c: v128, d: v128): void {
    const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
    const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
    const abHigh = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
    const cdHigh = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<i64>(ab, cd, 0, 2));
    v128.store(to, v128.shuffle<i64>(ab, cd, 1, 3), 32);
    v128.store(to, v128.shuffle<i64>(abHigh, cdHigh, 0, 2), 64);
    v128.store(to, v128.shuffle<i64>(abHigh, cdHigh, 1, 3), 96);
  }

  /** Four pixels of a plane. */
  @inline
  static fourOf(plane: usize): v128 {
    return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(plane)));
  }

  @inline
  static clip(a: v128): v128 {
    return i32x4.min_s(i32x4.max_s(a, i32x4.splat(0)), i32x4.splat(255));
  }
}

/**
 * One direction of the inverse transform for four columns, 13-bit constants, the result turned. `shift` bits are rounded off.
 * Source: Loeffler, Ligtenberg and Moschytz, "Practical fast 1-D DCT algorithms with 11 multiplications", 1989; constants as in libjpeg's jidctint.
 */
function transform(from: usize, to: usize, shift: i32): void {
  const rounding = i32x4.splat(1 << (shift - 1));
  const x2 = v128.load(from, 64);
  const x6 = v128.load(from, 192);
  const even = Lanes.times(i32x4.add(x2, x6), 4433);
  const inner = i32x4.sub(even, Lanes.times(x6, 15137));
  const outer = i32x4.add(even, Lanes.times(x2, 6270));
  const x0 = v128.load(from);
  const x4 = v128.load(from, 128);
  const sum = i32x4.add(i32x4.shl(i32x4.add(x0, x4), 13), rounding);
  const difference = i32x4.add(i32x4.shl(i32x4.sub(x0, x4), 13), rounding);
  const e0 = i32x4.add(sum, outer);
  const e3 = i32x4.sub(sum, outer);
  const e1 = i32x4.add(difference, inner);
  const e2 = i32x4.sub(difference, inner);

  const x7 = v128.load(from, 224);
  const x5 = v128.load(from, 160);
  const x3 = v128.load(from, 96);
  const x1 = v128.load(from, 32);
  const z3 = i32x4.add(x7, x3);
  const z4 = i32x4.add(x5, x1);
  const z5 = Lanes.times(i32x4.add(z3, z4), 9633);
  const z1 = Lanes.times(i32x4.add(x7, x1), -7373);
  const z2 = Lanes.times(i32x4.add(x5, x3), -20995);
  const y3 = i32x4.add(Lanes.times(z3, -16069), z5);
  const y4 = i32x4.add(Lanes.times(z4, -3196), z5);
  const o3 = i32x4.add(Lanes.times(x7, 2446), i32x4.add(z1, y3));
  const o2 = i32x4.add(Lanes.times(x5, 16819), i32x4.add(z2, y4));
  const o1 = i32x4.add(Lanes.times(x3, 25172), i32x4.add(z2, y3));
  const o0 = i32x4.add(Lanes.times(x1, 12299), i32x4.add(z1, y4));

  Lanes.storeTurned(
    to,
    i32x4.shr_s(i32x4.add(e0, o0), shift),
    i32x4.shr_s(i32x4.add(e1, o1), shift),
    i32x4.shr_s(i32x4.add(e2, o2), shift),
    i32x4.shr_s(i32x4.add(e3, o3), shift),
  );
  Lanes.storeTurned(
    to + 16,
    i32x4.shr_s(i32x4.sub(e3, o3), shift),
    i32x4.shr_s(i32x4.sub(e2, o2), shift),
    i32x4.shr_s(i32x4.sub(e1, o1), shift),
    i32x4.shr_s(i32x4.sub(e0, o0), shift),
  );
}

/** A block's pixels; leaves the block 0. `work`: 64 × i32. */
export function writeBlock(block: usize, work: usize, last: i32, plane: usize, stride: usize): void {
  const middle = i32x4.splat(128);
  if (last == 0) {
    const value = i32x4.splat((((load<i32>(block) << 2) + 16) >> 5) + 128);
    const words = i16x8.narrow_i32x4_s(value, value);
    const bytes = i8x16.narrow_i16x8_u(words, words);
    for (let y = 0; y < 8; y++) v128.store64_lane(plane + <usize>y * stride, bytes, 0);
    store<i32>(block, 0);
    return;
  }
  transform(block, work, 11);
  transform(block + 16, work + 128, 11);
  transform(work, block, 18);
  transform(work + 16, block + 128, 18);
  const zero = i32x4.splat(0);
  for (let y = 0; y < 8; y++) {
    const row = block + ((<usize>y) << 5);
    const words = i16x8.narrow_i32x4_s(i32x4.add(v128.load(row), middle), i32x4.add(v128.load(row, 16), middle));
    v128.store64_lane(plane + <usize>y * stride, i8x16.narrow_i16x8_u(words, words), 0);
    v128.store(row, zero);
    v128.store(row, zero, 16);
  }
}

/** Luma and two colour differences to RGB, 16-bit constants of JFIF; writes up to 13 bytes past each row. */
export function writeColours(
  luma: usize,
  blue: usize,
  red: usize,
  stride: usize,
  width: i32,
  height: i32,
  out: usize,
): void {
  const middle = i32x4.splat(128);
  const half = i32x4.splat(32768);
  for (let y = 0; y < height; y++) {
    const row = <usize>y * stride;
    const to = out + <usize>(y * width * 3);
    for (let x = 0; x < width; x += 4) {
      const place = row + <usize>x;
      const Y = Lanes.fourOf(luma + place);
      const cb = i32x4.sub(Lanes.fourOf(blue + place), middle);
      const cr = i32x4.sub(Lanes.fourOf(red + place), middle);
      const r = i32x4.add(Y, i32x4.shr_s(i32x4.add(Lanes.times(cr, 91881), half), 16));
      const b = i32x4.add(Y, i32x4.shr_s(i32x4.add(Lanes.times(cb, 116130), half), 16));
      const mixed = i32x4.add(i32x4.add(Lanes.times(cb, -22554), half), Lanes.times(cr, -46802));
      const g = i32x4.add(Y, i32x4.shr_s(mixed, 16));
      const packed = v128.or(v128.or(Lanes.clip(r), i32x4.shl(Lanes.clip(g), 8)), i32x4.shl(Lanes.clip(b), 16));
      v128.store(
        to + <usize>(x * 3),
        i8x16.shuffle(packed, packed, 0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 15, 15, 15, 15),
      );
    }
  }
}
