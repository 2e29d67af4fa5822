// Variational refinement of a flow: brightness and slopes should stay what they are, and the flow should be smooth but for
// its edges, all under a robust norm.
//
// Work planes are float32 [height + 2, row], row = width rounded up to 4, + 8: a border of one row and of four columns.

const pad: i32 = 16; // of the brightness planes: see flow-pyramid.as.ts
const leftmost: f32 = -15;
const brightness: f32 = 5;
const gradient: f32 = 10;
const smoothness: f32 = 20;
const relaxation: f32 = 1.6;
const tiny: f32 = 0.0001; // keeps the robust norm smooth at 0
const floorOfSlope: f32 = 0.01;

let width: i32 = 0;
let height: i32 = 0;
let rowBytes: usize = 0;
let planeBytes: usize = 0;
let origin: usize = 0; // of the first plane's pixel (0, 0)

/** Small steps that are always compiled in place: only methods of a class can say so. */
class Step {
  /** Address of pixel (0, 0) of work plane `k`. */
  @inline
  static plane(k: i32): usize {
    return origin + <usize>k * planeBytes;
  }

  @inline
  static squaredDifference(a: usize, b: usize): v128 {
    const difference = f32x4.sub(v128.load(a), v128.load(b));
    return f32x4.mul(difference, difference);
  }

  @inline
  static times(a: v128, b: v128): v128 {
    return f32x4.mul(a, b);
  }
}

// prettier-ignore
const U = 0, V = 1, startU = 2, startV = 3, mean = 4, change = 5, X = 6, Y = 7, XX = 8, XY = 9, YY = 10, changeX = 11, changeY = 12;
// prettier-ignore
const inverse1 = 13, inverse2 = 14, cross = 15, right1 = 16, right2 = 17, weightX = 18, weightY = 19;

/** How many bytes `refine` needs for its work planes. */
export function roomFor(width: i32, height: i32): usize {
  return 20 * ((<usize>((((width + 3) & ~3) + 8) * (height + 2))) << 2) + 32;
}

/**
 * Refines a flow in place.
 *
 * `first`, `second`: padded planes of `stride` values a row; `flowX`, `flowY`: float32 [height, width]. `rounds` times the
 * robust weights are set anew, and `sweeps` times a round the equations are relaxed, in the order of a chessboard.
 */
export function refine(
  first: usize,
  second: usize,
  stride: i32,
  columns: i32,
  rows: i32,
  flowX: usize,
  flowY: usize,
  room: usize,
  rounds: i32,
  sweeps: i32,
): void {
  width = columns;
  height = rows;
  rowBytes = (<usize>(((width + 3) & ~3) + 8)) << 2;
  planeBytes = rowBytes * <usize>(height + 2);
  origin = ((room + 15) & ~15) + rowBytes + 16;
  for (let y = 0; y < height; y++) {
    const from = (<usize>(y * width)) << 2;
    const to = <usize>y * rowBytes;
    memory.copy(Step.plane(U) + to, flowX + from, (<usize>width) << 2);
    memory.copy(Step.plane(V) + to, flowY + from, (<usize>width) << 2);
  }
  warp(first, second, stride);
  for (let k = U; k <= V; k++) {
    repeatEdge(Step.plane(k));
    memory.copy(Step.plane(k + startU) - rowBytes - 16, Step.plane(k) - rowBytes - 16, planeBytes);
  }
  repeatEdge(Step.plane(mean));
  repeatEdge(Step.plane(change));
  slope(mean, X, 4);
  slope(mean, Y, rowBytes);
  slope(change, changeX, 4);
  slope(change, changeY, rowBytes);
  repeatEdge(Step.plane(X));
  repeatEdge(Step.plane(Y));
  slope(X, XX, 4);
  slope(X, XY, rowBytes);
  slope(Y, YY, rowBytes);
  // No smoothness reaches over the border: these stay 0.
  for (let k = weightX; k <= weightY; k++) memory.fill(Step.plane(k) - rowBytes - 16, 0, planeBytes);
  for (let round = 0; round < rounds; round++) {
    if (round > 0) {
      repeatEdge(Step.plane(U));
      repeatEdge(Step.plane(V));
    }
    weighSmoothness();
    weighData();
    for (let sweep = 0; sweep < 2 * sweeps; sweep++) relax(sweep & 1);
  }
  for (let y = 0; y < height; y++) {
    const to = (<usize>(y * width)) << 2;
    const from = <usize>y * rowBytes;
    memory.copy(flowX + to, Step.plane(U) + from, (<usize>width) << 2);
    memory.copy(flowY + to, Step.plane(V) + from, (<usize>width) << 2);
  }
}

/** The second picture as the flow brings it back: its mean with the first, and what is left of their difference. */
function warp(first: usize, second: usize, stride: i32): void {
  for (let y = 0; y < height; y++) {
    const row = <usize>y * rowBytes;
    for (let x = 0; x < width; x++) {
      const at = row + ((<usize>x) << 2);
      const px = min(<f32>(width + pad - 3), max(leftmost, <f32>x + load<f32>(Step.plane(U) + at)));
      const py = min(<f32>(height + pad - 3), max(leftmost, <f32>y + load<f32>(Step.plane(V) + at)));
      const left = floor(px);
      const top = floor(py);
      const fx = px - left;
      const fy = py - top;
      const a = second + ((<usize>((<i32>top + pad) * stride + <i32>left + pad)) << 1);
      const b = a + ((<usize>stride) << 1);
      const above = <f32>load<i16>(a) + <f32>(<i32>load<i16>(a, 2) - <i32>load<i16>(a)) * fx;
      const below = <f32>load<i16>(b) + <f32>(<i32>load<i16>(b, 2) - <i32>load<i16>(b)) * fx;
      const there = (above + (below - above) * fy) * <f32>0.015625;
      const here = <f32>load<i16>(first + ((<usize>((y + pad) * stride + x + pad)) << 1)) * <f32>0.015625;
      store<f32>(Step.plane(mean) + at, (there + here) * <f32>0.5);
      store<f32>(Step.plane(change) + at, there - here);
    }
  }
}

function repeatEdge(plane: usize): void {
  for (let y = 0; y < height; y++) {
    const row = plane + <usize>y * rowBytes;
    v128.store(row - 16, v128.load32_splat(row));
    const last = load<f32>(row + ((<usize>(width - 1)) << 2));
    for (let at = row + ((<usize>width) << 2); at < row + rowBytes - 16; at += 4) store<f32>(at, last);
  }
  memory.copy(plane - 16 - rowBytes, plane - 16, rowBytes);
  const last = plane - 16 + <usize>(height - 1) * rowBytes;
  memory.copy(last + rowBytes, last, rowBytes);
}

/** Half the difference of the neighbours on both sides, `step` bytes away. */
function slope(from: i32, to: i32, step: usize): void {
  for (let y = 0; y < height; y++) {
    for (let x: usize = 0; x < rowBytes - 32; x += 16) {
      const at = <usize>y * rowBytes + x;
      const difference = f32x4.sub(v128.load(Step.plane(from) + at + step), v128.load(Step.plane(from) + at - step));
      v128.store(Step.plane(to) + at, f32x4.mul(f32x4.splat(0.5), difference));
    }
  }
}

/** How much each pixel is tied to its right and lower neighbour: less where the flow has an edge. */
function weighSmoothness(): void {
  const last = (<usize>(width - 1)) << 2;
  for (let y = 0; y < height; y++) {
    const row = <usize>y * rowBytes;
    for (let x: usize = 0; x < rowBytes - 32; x += 16) {
      const u = Step.plane(U) + row + x;
      const v = Step.plane(V) + row + x;
      let sum = f32x4.splat(tiny);
      sum = f32x4.add(sum, Step.squaredDifference(u + 4, u));
      sum = f32x4.add(sum, Step.squaredDifference(v + 4, v));
      sum = f32x4.add(sum, Step.squaredDifference(u + rowBytes, u));
      sum = f32x4.add(sum, Step.squaredDifference(v + rowBytes, v));
      const weight = f32x4.div(f32x4.splat(smoothness), f32x4.sqrt(sum));
      v128.store(Step.plane(weightX) + row + x, weight);
      if (y < height - 1) v128.store(Step.plane(weightY) + row + x, weight);
    }
    for (let x = last; x < rowBytes - 16; x += 4) store<f32>(Step.plane(weightX) + row + x, 0);
  }
}

/** The 2 × 2 equations of each pixel: diagonal (inverted, with the ties), cross term and right side. */
function weighData(): void {
  for (let y = 0; y < height; y++) {
    for (let offset: usize = 0; offset < rowBytes - 32; offset += 16) {
      const at = <usize>y * rowBytes + offset;
      const u = v128.load(Step.plane(startU) + at);
      const v = v128.load(Step.plane(startV) + at);
      const du = f32x4.sub(v128.load(Step.plane(U) + at), u);
      const dv = f32x4.sub(v128.load(Step.plane(V) + at), v);
      const x = v128.load(Step.plane(X) + at);
      const y = v128.load(Step.plane(Y) + at);
      const xx = v128.load(Step.plane(XX) + at);
      const xy = v128.load(Step.plane(XY) + at);
      const yy = v128.load(Step.plane(YY) + at);
      const t = v128.load(Step.plane(change) + at);
      const tx = v128.load(Step.plane(changeX) + at);
      const ty = v128.load(Step.plane(changeY) + at);
      // Brightness: error over slope, so that a strong edge does not outweigh all else.
      const n = f32x4.add(f32x4.splat(floorOfSlope), f32x4.add(Step.times(x, x), Step.times(y, y)));
      const e = f32x4.add(t, f32x4.add(Step.times(x, du), Step.times(y, dv)));
      const robust = f32x4.sqrt(Step.times(n, f32x4.add(Step.times(e, e), Step.times(f32x4.splat(tiny), n))));
      const w = f32x4.div(f32x4.splat(brightness), robust);
      const wx = Step.times(w, x);
      const wy = Step.times(w, y);
      // Slopes, each over how fast it changes.
      const xy2 = f32x4.add(Step.times(xy, xy), f32x4.splat(floorOfSlope));
      const nx = f32x4.div(f32x4.splat(1), f32x4.add(Step.times(xx, xx), xy2));
      const ny = f32x4.div(f32x4.splat(1), f32x4.add(Step.times(yy, yy), xy2));
      const ex = f32x4.add(tx, f32x4.add(Step.times(xx, du), Step.times(xy, dv)));
      const ey = f32x4.add(ty, f32x4.add(Step.times(xy, du), Step.times(yy, dv)));
      const both = f32x4.add(Step.times(Step.times(ex, ex), nx), Step.times(Step.times(ey, ey), ny));
      const g = f32x4.div(f32x4.splat(gradient), f32x4.sqrt(f32x4.add(both, f32x4.splat(tiny))));
      const gx = Step.times(g, nx);
      const gy = Step.times(g, ny);
      const gxx = Step.times(gx, xx);
      const gxy = Step.times(gx, xy);
      const gyx = Step.times(gy, xy);
      const gyy = Step.times(gy, yy);
      const a = f32x4.add(Step.times(wx, x), f32x4.add(Step.times(gxx, xx), Step.times(gyx, xy)));
      const b = f32x4.add(Step.times(wx, y), f32x4.add(Step.times(gxx, xy), Step.times(gyx, yy)));
      const c = f32x4.add(Step.times(wy, y), f32x4.add(Step.times(gxy, xy), Step.times(gyy, yy)));
      const known1 = f32x4.add(Step.times(wx, t), f32x4.add(Step.times(gxx, tx), Step.times(gyx, ty)));
      const known2 = f32x4.add(Step.times(wy, t), f32x4.add(Step.times(gxy, tx), Step.times(gyy, ty)));
      const ties = f32x4.add(
        f32x4.add(v128.load(Step.plane(weightX) + at), v128.load(Step.plane(weightX) + at - 4)),
        f32x4.add(v128.load(Step.plane(weightY) + at), v128.load(Step.plane(weightY) + at - rowBytes)),
      );
      const tied = f32x4.add(ties, f32x4.splat(tiny)); // not 0 even where a border's lane has no tie
      v128.store(Step.plane(inverse1) + at, f32x4.div(f32x4.splat(relaxation), f32x4.add(a, tied)));
      v128.store(Step.plane(inverse2) + at, f32x4.div(f32x4.splat(relaxation), f32x4.add(c, tied)));
      v128.store(Step.plane(cross) + at, b);
      v128.store(Step.plane(right1) + at, f32x4.sub(f32x4.add(Step.times(a, u), Step.times(b, v)), known1));
      v128.store(Step.plane(right2) + at, f32x4.sub(f32x4.add(Step.times(b, u), Step.times(c, v)), known2));
    }
  }
}

/** Half a sweep of successive over-relaxation: the pixels of one colour of a chessboard. */
function relax(colour: i32): void {
  const even = i32x4(-1, 0, -1, 0);
  const odd = i32x4(0, -1, 0, -1);
  const keep = f32x4.splat(1 - relaxation);
  for (let y = 0; y < height; y++) {
    const mask = ((y + colour) & 1) == 0 ? even : odd;
    for (let x: usize = 0; x < rowBytes - 32; x += 16) {
      const at = <usize>y * rowBytes + x;
      const right = v128.load(Step.plane(weightX) + at);
      const left = v128.load(Step.plane(weightX) + at - 4);
      const down = v128.load(Step.plane(weightY) + at);
      const up = v128.load(Step.plane(weightY) + at - rowBytes);
      const cell = Step.plane(U) + at;
      const beside = Step.plane(V) + at;
      const b = v128.load(Step.plane(cross) + at);
      const oldU = v128.load(cell);
      const oldV = v128.load(beside);
      let sum = f32x4.add(Step.times(right, v128.load(cell + 4)), Step.times(left, v128.load(cell - 4)));
      sum = f32x4.add(
        sum,
        f32x4.add(Step.times(down, v128.load(cell + rowBytes)), Step.times(up, v128.load(cell - rowBytes))),
      );
      sum = f32x4.add(sum, f32x4.sub(v128.load(Step.plane(right1) + at), Step.times(b, oldV)));
      const u = f32x4.add(Step.times(keep, oldU), Step.times(sum, v128.load(Step.plane(inverse1) + at)));
      v128.store(cell, v128.bitselect(u, oldU, mask));
      sum = f32x4.add(Step.times(right, v128.load(beside + 4)), Step.times(left, v128.load(beside - 4)));
      sum = f32x4.add(
        sum,
        f32x4.add(Step.times(down, v128.load(beside + rowBytes)), Step.times(up, v128.load(beside - rowBytes))),
      );
      sum = f32x4.add(sum, f32x4.sub(v128.load(Step.plane(right2) + at), Step.times(b, v128.bitselect(u, oldU, mask))));
      const v = f32x4.add(Step.times(keep, oldV), Step.times(sum, v128.load(Step.plane(inverse2) + at)));
      v128.store(beside, v128.bitselect(v, oldV, mask));
    }
  }
}
