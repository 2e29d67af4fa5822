// Farneback's flow, first half: smaller pictures and the polynomial that each neighbourhood resembles. All pointers are bytes,
// planes are float32. For the second half see farneback-flow.as.ts.
//
// Taps say how an output is made of inputs: int32 starts [outputs + 1] of its entries in int32 sources and float32 weights.

/** Small steps that are always compiled in place: only methods of a class can say so. */
class Step {
  @inline
  static entry(list: usize, n: i32): i32 {
    return load<i32>(list + ((<usize>n) << 2));
  }
}

/** Each output row as a weighted sum of rows of a picture, uint8 [height, width]. */
export function combineBytes(
  from: usize,
  width: i32,
  to: usize,
  rows: i32,
  starts: usize,
  sources: usize,
  weights: usize,
): void {
  for (let y = 0; y < rows; y++) {
    const first = Step.entry(starts, y);
    const end = Step.entry(starts, y + 1);
    const out = to + ((<usize>(y * width)) << 2);
    for (let x = 0; x < width; x += 8) {
      let low = f32x4.splat(0);
      let high = f32x4.splat(0);
      for (let k = first; k < end; k++) {
        const values = v128.load8x8_u(from + <usize>(Step.entry(sources, k) * width + x));
        const weight = v128.load32_splat(weights + ((<usize>k) << 2));
        low = f32x4.add(low, f32x4.mul(weight, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(values))));
        high = f32x4.add(high, f32x4.mul(weight, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(values))));
      }
      // The last piece may reach into the next row, which is written after it.
      v128.store(out + ((<usize>x) << 2), low);
      v128.store(out + ((<usize>x) << 2), high, 16);
    }
  }
}

/** The same of rows of a plane. */
export function combineRows(
  from: usize,
  width: i32,
  to: usize,
  rows: i32,
  starts: usize,
  sources: usize,
  weights: usize,
): void {
  for (let y = 0; y < rows; y++) {
    const first = Step.entry(starts, y);
    const end = Step.entry(starts, y + 1);
    const out = to + ((<usize>(y * width)) << 2);
    for (let x = 0; x < width; x += 4) {
      let sum = f32x4.splat(0);
      for (let k = first; k < end; k++) {
        const values = v128.load(from + ((<usize>(Step.entry(sources, k) * width + x)) << 2));
        sum = f32x4.add(sum, f32x4.mul(v128.load32_splat(weights + ((<usize>k) << 2)), values));
      }
      v128.store(out + ((<usize>x) << 2), sum);
    }
  }
}

/** Each output column as a weighted sum of columns; `width` is the input's. */
export function combineColumns(
  from: usize,
  width: i32,
  to: usize,
  columns: i32,
  rows: i32,
  starts: usize,
  sources: usize,
  weights: usize,
): void {
  for (let y = 0; y < rows; y++) {
    const row = from + ((<usize>(y * width)) << 2);
    const out = to + ((<usize>(y * columns)) << 2);
    let k = Step.entry(starts, 0);
    for (let x = 0; x < columns; x++) {
      const end = Step.entry(starts, x + 1);
      let sum: f32 = 0;
      for (; k < end; k++)
        sum += load<f32>(weights + ((<usize>k) << 2)) * load<f32>(row + ((<usize>Step.entry(sources, k)) << 2));
      store<f32>(out + ((<usize>x) << 2), sum);
    }
  }
}

/** Weights 1/4, 1/2, 1/4 along each row, the edge mirrored without repeating it. */
export function smoothRows(from: usize, width: i32, rows: i32, to: usize): void {
  const last = width - 1;
  for (let y = 0; y < rows; y++) {
    const row = from + ((<usize>(y * width)) << 2);
    const out = to + ((<usize>(y * width)) << 2);
    for (let x = 1; x < last; x += 4) {
      const at = row + ((<usize>x) << 2);
      const sides = f32x4.mul(f32x4.splat(0.25), f32x4.add(v128.load(at - 4), v128.load(at + 4)));
      v128.store(out + ((<usize>x) << 2), f32x4.add(sides, f32x4.mul(f32x4.splat(0.5), v128.load(at))));
    }
    store<f32>(out, <f32>0.5 * (load<f32>(row) + load<f32>(row, 4)));
    const end = (<usize>last) << 2;
    store<f32>(out + end, <f32>0.5 * (load<f32>(row + end) + load<f32>(row + end - 4)));
  }
}

/** What `expand` is given; each field 4 bytes, in this order. */
@unmanaged
class Expansion {
  from: usize;
  width: i32;
  height: i32;
  /** Pixels on each side of the middle, at most 16; the weights g, x g and x² g from 0 to `reach` lie at `weights`, one list after another. */
  reach: i32;
  weights: usize;
  /** Of the inverse of the weighted normal matrix: (1, 1), (0, 3), (3, 3), (5, 5). */
  slope: f32;
  constant: f32;
  square: f32;
  cross: f32;
  /** Room for three rows of width + 48. */
  room: usize;
  /** Where y, x, y² and x² go: four planes, each 64 bytes after the one before (`isPacked` 0), or four values a pixel (1). */
  to: usize;
  isPacked: i32;
  /** Where xy goes: a plane. */
  toCross: usize;
}

const guard: usize = 64; // bytes before a row: 16 values

/** The coefficients of the polynomial at each pixel. */
export function expand(o: Expansion): void {
  const rowBytes = (<usize>o.width) << 2;
  const lineBytes = rowBytes + 192;
  const line0 = o.room + guard;
  const line1 = line0 + lineBytes;
  const line2 = line1 + lineBytes;
  const plane = (rowBytes * <usize>o.height + 79) & ~15; // 64 bytes apart: a last row's end must not touch the next plane
  for (let y = 0; y < o.height; y++) {
    addRows(o, y, line0, line1, line2, rowBytes);
    repeatEnds(line0, rowBytes);
    repeatEnds(line1, rowBytes);
    repeatEnds(line2, rowBytes);
    for (let x: usize = 0; x < rowBytes; x += 16) {
      const g0 = v128.load32_splat(o.weights);
      let b1 = f32x4.mul(g0, v128.load(line0 + x));
      let b3 = f32x4.mul(g0, v128.load(line1 + x));
      let b5 = f32x4.mul(g0, v128.load(line2 + x));
      let b2 = f32x4.splat(0);
      let b4 = f32x4.splat(0);
      let b6 = f32x4.splat(0);
      let weights = o.weights + 4;
      const stride = (<usize>(o.reach + 1)) << 2;
      for (let k = 1; k <= o.reach; k++, weights += 4) {
        const step = (<usize>k) << 2;
        const g = v128.load32_splat(weights);
        const xg = v128.load32_splat(weights + stride);
        const xxg = v128.load32_splat(weights + 2 * stride);
        const right0 = v128.load(line0 + x + step);
        const left0 = v128.load(line0 + x - step);
        const right1 = v128.load(line1 + x + step);
        const left1 = v128.load(line1 + x - step);
        const both = f32x4.add(right0, left0);
        b1 = f32x4.add(b1, f32x4.mul(both, g));
        b4 = f32x4.add(b4, f32x4.mul(both, xxg));
        b2 = f32x4.add(b2, f32x4.mul(f32x4.sub(right0, left0), xg));
        b3 = f32x4.add(b3, f32x4.mul(f32x4.add(right1, left1), g));
        b6 = f32x4.add(b6, f32x4.mul(f32x4.sub(right1, left1), xg));
        b5 = f32x4.add(b5, f32x4.mul(f32x4.add(v128.load(line2 + x + step), v128.load(line2 + x - step)), g));
      }
      const base = f32x4.mul(b1, f32x4.splat(o.constant));
      const down = f32x4.mul(b3, f32x4.splat(o.slope));
      const right = f32x4.mul(b2, f32x4.splat(o.slope));
      const downs = f32x4.add(base, f32x4.mul(b5, f32x4.splat(o.square)));
      const rights = f32x4.add(base, f32x4.mul(b4, f32x4.splat(o.square)));
      const at = <usize>y * rowBytes + x;
      v128.store(o.toCross + at, f32x4.mul(b6, f32x4.splat(o.cross)));
      // A row's last piece may reach into the next row, which is written after it.
      if (o.isPacked) {
        const a = v128.shuffle<i32>(down, right, 0, 4, 1, 5);
        const b = v128.shuffle<i32>(down, right, 2, 6, 3, 7);
        const c = v128.shuffle<i32>(downs, rights, 0, 4, 1, 5);
        const d = v128.shuffle<i32>(downs, rights, 2, 6, 3, 7);
        const out = o.to + 4 * at;
        v128.store(out, v128.shuffle<i64>(a, c, 0, 2));
        v128.store(out, v128.shuffle<i64>(a, c, 1, 3), 16);
        v128.store(out, v128.shuffle<i64>(b, d, 0, 2), 32);
        v128.store(out, v128.shuffle<i64>(b, d, 1, 3), 48);
      } else {
        v128.store(o.to + at, down);
        v128.store(o.to + at + plane, right);
        v128.store(o.to + at + 2 * plane, downs);
        v128.store(o.to + at + 3 * plane, rights);
      }
    }
  }
}

/** Sums over the rows around row `y`, weighted with g, y g and y² g; the edge is repeated. */
function addRows(o: Expansion, y: i32, line0: usize, line1: usize, line2: usize, rowBytes: usize): void {
  const stride = (<usize>(o.reach + 1)) << 2;
  const middle = o.from + <usize>y * rowBytes;
  for (let x: usize = 0; x < rowBytes; x += 16) {
    let s0 = f32x4.mul(v128.load32_splat(o.weights), v128.load(middle + x));
    let s1 = f32x4.splat(0);
    let s2 = f32x4.splat(0);
    let weights = o.weights + 4;
    for (let k = 1; k <= o.reach; k++, weights += 4) {
      const above = v128.load(o.from + <usize>max(y - k, 0) * rowBytes + x);
      const below = v128.load(o.from + <usize>min(y + k, o.height - 1) * rowBytes + x);
      const both = f32x4.add(above, below);
      s0 = f32x4.add(s0, f32x4.mul(both, v128.load32_splat(weights)));
      s1 = f32x4.add(s1, f32x4.mul(f32x4.sub(below, above), v128.load32_splat(weights + stride)));
      s2 = f32x4.add(s2, f32x4.mul(both, v128.load32_splat(weights + 2 * stride)));
    }
    v128.store(line0 + x, s0);
    v128.store(line1 + x, s1);
    v128.store(line2 + x, s2);
  }
}

function repeatEnds(line: usize, rowBytes: usize): void {
  const first = v128.load32_splat(line);
  const last = v128.load32_splat(line + rowBytes - 4);
  for (let at: usize = 0; at < guard; at += 16) {
    v128.store(line - guard + at, first);
    v128.store(line + rowBytes + at, last);
  }
}
