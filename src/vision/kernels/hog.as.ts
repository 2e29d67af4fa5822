// A patch of a frame, scaled to a fixed size, and its histograms of oriented gradients. src/vision/tracker-features.ts
// lays out the memory; the slow rewrite in test/vision/tracker-features.test.ts is the oracle.

export { samplePatch } from './patch-sampling.as';

const cellBytes: usize = 80; // 18 signed directions, and two floats that stay zero
const epsilon: f32 = 1e-4; // beside squared gradients of 0–255 pixels

/** Small steps that are always compiled in place: only methods of a class can say so. */
class Lanes {
  /** Four times the index (0–17) of the direction that lies nearest: a byte offset. */
  @inline
  static bestDirection(dx: v128, dy: v128, directions: usize): v128 {
    let most = f32x4.splat(0);
    let best = i32x4.splat(0);
    for (let o = 0; o < 9; o++) {
      const at = directions + ((<usize>o) << 3);
      const dot = f32x4.add(f32x4.mul(dx, v128.load32_splat(at)), f32x4.mul(dy, v128.load32_splat(at, 4)));
      const size = f32x4.abs(dot);
      const behind = v128.and(f32x4.lt(dot, f32x4.splat(0)), i32x4.splat(36));
      const larger = f32x4.gt(size, most);
      most = v128.bitselect(size, most, larger);
      best = v128.bitselect(i32x4.add(i32x4.splat(o << 2), behind), best, larger);
    }
    return best;
  }

  @inline
  static scatter(nearRow: usize, farRow: usize, aside: usize, nearY: f32, direction: i32, near: f32, far: f32): void {
    const a = nearRow + <usize>direction;
    const b = farRow + <usize>direction;
    const nearTop = near * nearY;
    const farTop = far * nearY;
    store<f32>(a, load<f32>(a) + nearTop);
    store<f32>(a + aside, load<f32>(a + aside) + farTop);
    store<f32>(b, load<f32>(b) + (near - nearTop));
    store<f32>(b + aside, load<f32>(b + aside) + (far - farTop));
  }

  @inline
  static sumOf(v: v128): f32 {
    return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
  }
}

/**
 * Adds every pixel's gradient to its four nearest cells. Pixels at the rim have no gradient.
 *
 * @param planes float32 [channels, height, width]; sides are multiples of 4.
 * @param directions 9 pairs (cosine, sine) of 0 to 160 degrees.
 * @param cells float32 [height / 4 + 2, width / 4 + 2, 20], with a rim of one cell that is thrown away later.
 */
export function gradientCells(
  planes: usize,
  channels: i32,
  width: i32,
  height: i32,
  directions: usize,
  cells: usize,
): void {
  const rowBytes = (<usize>width) << 2;
  const plane = rowBytes * <usize>height;
  const cellRow = (<usize>(width >> 2) + 2) * cellBytes;
  memory.fill(cells, 0, cellRow * (<usize>(height >> 2) + 2));
  const nearShares = f32x4(0.625, 0.875, 0.875, 0.625);
  for (let y = 1; y < height - 1; y++) {
    const part = y & 3;
    const nearRow = cells + (<usize>(y >> 2) + 1) * cellRow;
    const farRow = part < 2 ? nearRow - cellRow : nearRow + cellRow;
    const nearY: f32 = part == 0 || part == 3 ? 0.625 : 0.875;
    const row = planes + <usize>y * rowBytes;
    for (let x = 0; x < width; x += 4) {
      const at = row + ((<usize>x) << 2);
      let dx = f32x4.sub(v128.load(at + 4), v128.load(at - 4));
      let dy = f32x4.sub(v128.load(at + rowBytes), v128.load(at - rowBytes));
      let squared = f32x4.add(f32x4.mul(dx, dx), f32x4.mul(dy, dy));
      for (let c = 1; c < channels; c++) {
        const other = at + plane * <usize>c;
        const dx2 = f32x4.sub(v128.load(other + 4), v128.load(other - 4));
        const dy2 = f32x4.sub(v128.load(other + rowBytes), v128.load(other - rowBytes));
        const squared2 = f32x4.add(f32x4.mul(dx2, dx2), f32x4.mul(dy2, dy2));
        const larger = f32x4.gt(squared2, squared);
        dx = v128.bitselect(dx2, dx, larger);
        dy = v128.bitselect(dy2, dy, larger);
        squared = v128.bitselect(squared2, squared, larger);
      }
      if (x == 0) squared = f32x4.replace_lane(squared, 0, 0);
      if (x == width - 4) squared = f32x4.replace_lane(squared, 3, 0);
      const magnitude = f32x4.mul(f32x4.sqrt(squared), f32x4.splat(0.5));
      const best = Lanes.bestDirection(dx, dy, directions);
      const near = f32x4.mul(magnitude, nearShares);
      const far = f32x4.sub(magnitude, near);
      const cell = (<usize>(x >> 2) + 1) * cellBytes;
      Lanes.scatter(
        nearRow + cell,
        farRow + cell,
        -cellBytes,
        nearY,
        i32x4.extract_lane(best, 0),
        f32x4.extract_lane(near, 0),
        f32x4.extract_lane(far, 0),
      );
      Lanes.scatter(
        nearRow + cell,
        farRow + cell,
        -cellBytes,
        nearY,
        i32x4.extract_lane(best, 1),
        f32x4.extract_lane(near, 1),
        f32x4.extract_lane(far, 1),
      );
      Lanes.scatter(
        nearRow + cell,
        farRow + cell,
        cellBytes,
        nearY,
        i32x4.extract_lane(best, 2),
        f32x4.extract_lane(near, 2),
        f32x4.extract_lane(far, 2),
      );
      Lanes.scatter(
        nearRow + cell,
        farRow + cell,
        cellBytes,
        nearY,
        i32x4.extract_lane(best, 3),
        f32x4.extract_lane(near, 3),
        f32x4.extract_lane(far, 3),
      );
    }
  }
}

/**
 * The 31 features of every cell but the outermost ring, times the window.
 *
 * @param cells what `gradientCells` gave; `columns` and `rows` count the cells that are kept.
 * @param energies scratch, float32 [rows + 2, columns + 2].
 * @param window float32 [rows, columns].
 * @param out two float32 planes [rows, columns, 16]: features 0–15, and 16–30 with a zero.
 */
export function cellFeatures(cells: usize, energies: usize, window: usize, columns: i32, rows: i32, out: usize): void {
  const wide = columns + 2;
  const cellRow = <usize>(wide + 2) * cellBytes;
  for (let y = 0; y < rows + 2; y++) {
    for (let x = 0; x < wide; x++) {
      const at = cells + <usize>(y + 1) * cellRow + <usize>(x + 1) * cellBytes;
      let sum: f32 = 0;
      for (let o: usize = 0; o < 36; o += 4) {
        const both = load<f32>(at + o) + load<f32>(at + o, 36);
        sum += both * both;
      }
      store<f32>(energies + ((<usize>(y * wide + x)) << 2), sum);
    }
  }
  const plane = (<usize>(columns * rows)) << 6;
  const down = (<usize>wide) << 2;
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const at = cells + <usize>(y + 2) * cellRow + <usize>(x + 2) * cellBytes;
      const e = energies + ((<usize>((y + 1) * wide + x + 1)) << 2);
      const index = <usize>(y * columns + x);
      oneCell(at, e, down, load<f32>(window + (index << 2)), out + (index << 6), out + plane + (index << 6));
    }
  }
}

function oneCell(at: usize, e: usize, down: usize, weight: f32, re: usize, im: usize): void {
  const left = load<f32>(e - 4 - down) + load<f32>(e - down);
  const right = load<f32>(e - down) + load<f32>(e + 4 - down);
  const middleLeft = load<f32>(e - 4) + load<f32>(e);
  const middleRight = load<f32>(e) + load<f32>(e + 4);
  const lowLeft = load<f32>(e - 4 + down) + load<f32>(e + down);
  const lowRight = load<f32>(e + down) + load<f32>(e + 4 + down);
  const blocks = f32x4(left + middleLeft, right + middleRight, middleLeft + lowLeft, middleRight + lowRight);
  const norms = f32x4.div(f32x4.splat(1), f32x4.sqrt(f32x4.add(blocks, f32x4.splat(epsilon))));
  const zero = f32x4.splat(0);
  let s0 = zero,
    s1 = zero,
    s2 = zero,
    s3 = zero,
    s4 = zero,
    u0 = zero,
    u1 = zero,
    u2 = zero,
    total = zero;
  const h0 = v128.load(at),
    h1 = v128.load(at, 16),
    h2 = v128.load(at, 32),
    h3 = v128.load(at, 48),
    h4 = v128.load(at, 64);
  const g0 = f32x4.add(h0, v128.load(at, 36)),
    g1 = f32x4.add(h1, v128.load(at, 52)),
    g2 = f32x4.add(h2, v128.load(at, 68));
  const limit = f32x4.splat(0.2);
  for (let i = 0; i < 4; i++) {
    const n = v128.swizzle(norms, i8x16.add(i32x4.splat(0x03020100), i8x16.splat(<i8>(i << 2))));
    const a0 = f32x4.min(f32x4.mul(h0, n), limit);
    const a1 = f32x4.min(f32x4.mul(h1, n), limit);
    const a2 = f32x4.min(f32x4.mul(h2, n), limit);
    const a3 = f32x4.min(f32x4.mul(h3, n), limit);
    const a4 = f32x4.min(f32x4.mul(h4, n), limit);
    s0 = f32x4.add(s0, a0);
    s1 = f32x4.add(s1, a1);
    s2 = f32x4.add(s2, a2);
    s3 = f32x4.add(s3, a3);
    s4 = f32x4.add(s4, a4);
    u0 = f32x4.add(u0, f32x4.min(f32x4.mul(g0, n), limit));
    u1 = f32x4.add(u1, f32x4.min(f32x4.mul(g1, n), limit));
    u2 = f32x4.add(u2, f32x4.min(f32x4.mul(g2, n), limit));
    const sums = f32x4.add(f32x4.add(f32x4.add(a0, a1), f32x4.add(a2, a3)), a4);
    total = v128.shuffle<f32>(total, f32x4.splat(Lanes.sumOf(sums)), 1, 2, 3, 4);
  }
  const half = f32x4.splat(weight * 0.5);
  v128.store(re, f32x4.mul(s0, half));
  v128.store(re, f32x4.mul(s1, half), 16);
  v128.store(re, f32x4.mul(s2, half), 32);
  v128.store(re, f32x4.mul(s3, half), 48);
  // Each store covers what the one before it wrote too far.
  v128.store(im, f32x4.mul(s4, half));
  v128.store(im, f32x4.mul(u0, half), 8);
  v128.store(im, f32x4.mul(u1, half), 24);
  v128.store(im, f32x4.mul(u2, half), 40);
  v128.store(im, f32x4.mul(total, f32x4.splat(weight * 0.23570226)), 44);
  store<f32>(im, 0, 60);
}
