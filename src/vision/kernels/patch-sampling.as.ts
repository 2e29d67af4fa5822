// A patch of a frame, scaled to a fixed size: part of hog.as.ts.

/** Small steps that are always compiled in place: only methods of a class can say so. */
class Pixels {
  /** Red, green and blue of one sample; the fourth lane is of no use. */
  @inline
  static pixelAt(above: usize, below: usize, fy: v128, tap: usize): v128 {
    const left = <usize>load<u32>(tap);
    const right = <usize>load<u32>(tap, 4);
    const fx = v128.load32_splat(tap, 8);
    const a = Pixels.toFloats(above + left);
    const b = Pixels.toFloats(below + left);
    const top = f32x4.add(a, f32x4.mul(f32x4.sub(Pixels.toFloats(above + right), a), fx));
    const bottom = f32x4.add(b, f32x4.mul(f32x4.sub(Pixels.toFloats(below + right), b), fx));
    return f32x4.add(top, f32x4.mul(f32x4.sub(bottom, top), fy));
  }

  @inline
  static toFloats(at: usize): v128 {
    return f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(at))));
  }
}

/**
 * Bilinear samples. `rowTaps`: for each output row the addresses of two source rows (u32, u32) and the second one's share (f32);
 * `columnTaps` likewise with byte offsets in a row. Writes one float32 plane [height, width] per channel (1 or 3).
 */
export function samplePatch(
  rowTaps: usize,
  columnTaps: usize,
  channels: i32,
  width: i32,
  height: i32,
  out: usize,
): void {
  const plane: usize = (<usize>(width * height)) << 2;
  for (let y = 0; y < height; y++) {
    const tap = rowTaps + <usize>y * 12;
    const above = <usize>load<u32>(tap);
    const below = <usize>load<u32>(tap, 4);
    const share = load<f32>(tap, 8);
    const to = out + ((<usize>(y * width)) << 2);
    if (channels == 3) sampleColourRow(above, below, share, columnTaps, width, to, plane);
    else sampleGreyRow(above, below, share, columnTaps, width, to);
  }
}

function sampleGreyRow(above: usize, below: usize, share: f32, columnTaps: usize, width: i32, to: usize): void {
  for (let x = 0; x < width; x++) {
    const tap = columnTaps + <usize>x * 12;
    const left = <usize>load<u32>(tap);
    const right = <usize>load<u32>(tap, 4);
    const fx = load<f32>(tap, 8);
    const a = <f32>load<u8>(above + left);
    const b = <f32>load<u8>(below + left);
    const top = a + (<f32>load<u8>(above + right) - a) * fx;
    const bottom = b + (<f32>load<u8>(below + right) - b) * fx;
    store<f32>(to + ((<usize>x) << 2), top + (bottom - top) * share);
  }
}

function sampleColourRow(
  above: usize,
  below: usize,
  share: f32,
  columnTaps: usize,
  width: i32,
  to: usize,
  plane: usize,
): void {
  const fy = f32x4.splat(share);
  for (let x = 0; x < width; x += 4) {
    const tap = columnTaps + <usize>x * 12;
    const p0 = Pixels.pixelAt(above, below, fy, tap);
    const p1 = Pixels.pixelAt(above, below, fy, tap + 12);
    const p2 = Pixels.pixelAt(above, below, fy, tap + 24);
    const p3 = Pixels.pixelAt(above, below, fy, tap + 36);
    const low01 = v128.shuffle<f32>(p0, p1, 0, 4, 1, 5); // r0 r1 g0 g1
    const low23 = v128.shuffle<f32>(p2, p3, 0, 4, 1, 5);
    const high01 = v128.shuffle<f32>(p0, p1, 2, 6, 3, 7); // b0 b1 . .
    const high23 = v128.shuffle<f32>(p2, p3, 2, 6, 3, 7);
    const at = to + ((<usize>x) << 2);
    v128.store(at, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
    v128.store(at + plane, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
    v128.store(at + plane + plane, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
  }
}
