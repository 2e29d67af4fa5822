// Farneback's flow, second half: displacements from the polynomials of two pictures (see farneback-expansion.as.ts).

/** What `iterate` is given; each field 4 bytes, in this order. Planes are float32 [height, width]. */
@unmanaged
class Fields {
  width: i32;
  height: i32;
  /** Of the first picture: planes of y, x, y² and x² as `expand` leaves them, and of xy. */
  first: usize;
  firstCross: usize;
  /** Of the second: four values a pixel, and a plane of xy. */
  second: usize;
  secondCross: usize;
  flowX: usize;
  flowY: usize;
  /** Half the window, rounded down. */
  reach: i32;
  /** 1 over the window's area. */
  share: f32;
  /** float32 [width], [height]: how much a pixel counts, less near the border. */
  weightX: usize;
  weightY: usize;
  room: usize;
}

const planes: i32 = 5;
let lineBytes: usize = 0; // of one of the five in a row of products: width and the window's reach on both sides
let line: usize = 0; // the row of products, then its sums over 2, 4, 8 … columns
let ring: usize = 0; // the last 2 reach + 2 rows of sums over the window's columns
let columnSums: usize = 0; // float64 [5, width]: sums over the window

/** Small steps that are always compiled in place: only methods of a class can say so. */
class Step {
  @inline
  static slot(n: i32): usize {
    return ring + <usize>n * 5 * lineBytes;
  }

  /** Between four neighbours of four values each. */
  @inline
  static sample(at: usize, rowBytes: usize, shareX: v128, shareY: v128): v128 {
    const a = v128.load(at);
    const c = v128.load(at + rowBytes);
    const above = f32x4.add(a, f32x4.mul(f32x4.sub(v128.load(at, 16), a), shareX));
    const below = f32x4.add(c, f32x4.mul(f32x4.sub(v128.load(at + rowBytes, 16), c), shareX));
    return f32x4.add(above, f32x4.mul(f32x4.sub(below, above), shareY));
  }

  /** At four places of a plane, between the value there and the next. */
  @inline
  static blendPairs(plane: usize, i0: usize, i1: usize, i2: usize, i3: usize, share: v128): v128 {
    const low = v128.load64_lane(plane + i1, v128.load64_zero(plane + i0), 1);
    const high = v128.load64_lane(plane + i3, v128.load64_zero(plane + i2), 1);
    const from = v128.shuffle<i32>(low, high, 0, 2, 4, 6);
    return f32x4.add(from, f32x4.mul(f32x4.sub(v128.shuffle<i32>(low, high, 1, 3, 5, 7), from), share));
  }
}

/** Bytes of room that `iterate` needs. */
export function roomFor(width: i32, reach: i32): usize {
  const row = paddedBytes(width, reach);
  return 5 * row * <usize>(8 + 2 * reach + 2) + 5 * ((<usize>width + 4) << 3) + 256;
}

function paddedBytes(width: i32, reach: i32): usize {
  return (((<usize>(width + 2 * reach + 4)) << 2) + 15) & ~15;
}

/** One round: products along the flow so far, their sums over the window, and the flow that fits them best, in place. */
export function iterate(o: Fields): void {
  lineBytes = paddedBytes(o.width, o.reach);
  line = (o.room + 15) & ~15;
  ring = line + 5 * lineBytes * 8;
  columnSums = ring + 5 * lineBytes * <usize>(2 * o.reach + 2);
  memory.fill(columnSums, 0, 5 * ((<usize>o.width + 4) << 3));
  const slots = 2 * o.reach + 2;
  // Row r is the lowest of the window around row r - reach; beyond the border the last row counts again.
  for (let r = 0; r < o.height + o.reach; r++) {
    if (r < o.height) {
      multiply(o, r);
      sumColumns(o, Step.slot(r % slots));
    }
    const entering = Step.slot(min(r, o.height - 1) % slots);
    if (r <= o.reach) addRow(o, entering, r == 0 ? <f64>(o.reach + 1) : 1);
    else exchangeRow(o, entering, Step.slot(max(0, r - 2 * o.reach - 1) % slots));
    if (r >= o.reach) solve(o, r - o.reach);
  }
}

/** Row `y` of the products g11, g12, g22, h1 and h2, with their edges repeated, into `line`. */
function multiply(o: Fields, y: i32): void {
  const rowBytes = (<usize>o.width) << 2;
  const plane = (rowBytes * <usize>o.height + 79) & ~15;
  const out = line + ((<usize>o.reach) << 2);
  const weightY = v128.load32_splat(o.weightY + ((<usize>y) << 2));
  const limitX = i32x4.splat(o.width - 1);
  const limitY = i32x4.splat(o.height - 1);
  let columns = f32x4(0, 1, 2, 3);
  for (let x: usize = 0; x < rowBytes; x += 16, columns = f32x4.add(columns, f32x4.splat(4))) {
    const at = <usize>y * rowBytes + x;
    const dx = v128.load(o.flowX + at);
    const dy = v128.load(o.flowY + at);
    const fx = f32x4.add(columns, dx);
    const fy = f32x4.add(f32x4.splat(<f32>y), dy);
    const left = f32x4.floor(fx);
    const top = f32x4.floor(fy);
    const shareX = f32x4.sub(fx, left);
    const shareY = f32x4.sub(fy, top);
    const xi = i32x4.trunc_sat_f32x4_s(left);
    const yi = i32x4.trunc_sat_f32x4_s(top);
    const inside = v128.and(i32x4.lt_u(xi, limitX), i32x4.lt_u(yi, limitY));
    const index = v128.and(i32x4.add(i32x4.mul(yi, i32x4.splat(o.width)), xi), inside);
    const i0 = (<usize>i32x4.extract_lane(index, 0)) << 2;
    const i1 = (<usize>i32x4.extract_lane(index, 1)) << 2;
    const i2 = (<usize>i32x4.extract_lane(index, 2)) << 2;
    const i3 = (<usize>i32x4.extract_lane(index, 3)) << 2;
    // Each pixel's four coefficients there, turned into four pixels of each coefficient.
    const a = Step.sample(
      o.second + 4 * i0,
      4 * rowBytes,
      v128.shuffle<i32>(shareX, shareX, 0, 0, 0, 0),
      v128.shuffle<i32>(shareY, shareY, 0, 0, 0, 0),
    );
    const b = Step.sample(
      o.second + 4 * i1,
      4 * rowBytes,
      v128.shuffle<i32>(shareX, shareX, 1, 1, 1, 1),
      v128.shuffle<i32>(shareY, shareY, 1, 1, 1, 1),
    );
    const c = Step.sample(
      o.second + 4 * i2,
      4 * rowBytes,
      v128.shuffle<i32>(shareX, shareX, 2, 2, 2, 2),
      v128.shuffle<i32>(shareY, shareY, 2, 2, 2, 2),
    );
    const d = Step.sample(
      o.second + 4 * i3,
      4 * rowBytes,
      v128.shuffle<i32>(shareX, shareX, 3, 3, 3, 3),
      v128.shuffle<i32>(shareY, shareY, 3, 3, 3, 3),
    );
    const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
    const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
    const ab2 = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
    const cd2 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
    const thereY = v128.and(v128.shuffle<i64>(ab, cd, 0, 2), inside);
    const thereX = v128.and(v128.shuffle<i64>(ab, cd, 1, 3), inside);
    const thereYY = v128.shuffle<i64>(ab2, cd2, 0, 2);
    const thereXX = v128.shuffle<i64>(ab2, cd2, 1, 3);
    const above = Step.blendPairs(o.secondCross, i0, i1, i2, i3, shareX);
    const below = Step.blendPairs(o.secondCross + rowBytes, i0, i1, i2, i3, shareX);
    const thereXY = f32x4.add(above, f32x4.mul(f32x4.sub(below, above), shareY));
    // Means of both polynomials; where the flow leads out of the picture, the first alone.
    const hereYY = v128.load(o.first + 2 * plane + at);
    const hereXX = v128.load(o.first + 3 * plane + at);
    const hereXY = v128.load(o.firstCross + at);
    const half = f32x4.splat(0.5);
    let r2 = f32x4.mul(half, f32x4.sub(v128.load(o.first + at), thereY));
    let r3 = f32x4.mul(half, f32x4.sub(v128.load(o.first + plane + at), thereX));
    let r4 = v128.bitselect(f32x4.mul(half, f32x4.add(hereYY, thereYY)), hereYY, inside);
    let r5 = v128.bitselect(f32x4.mul(half, f32x4.add(hereXX, thereXX)), hereXX, inside);
    let r6 = f32x4.mul(half, v128.bitselect(f32x4.mul(half, f32x4.add(hereXY, thereXY)), hereXY, inside));
    r2 = f32x4.add(r2, f32x4.add(f32x4.mul(r4, dy), f32x4.mul(r6, dx)));
    r3 = f32x4.add(r3, f32x4.add(f32x4.mul(r6, dy), f32x4.mul(r5, dx)));
    const weight = f32x4.mul(v128.load(o.weightX + x), weightY);
    r2 = f32x4.mul(r2, weight);
    r3 = f32x4.mul(r3, weight);
    r4 = f32x4.mul(r4, weight);
    r5 = f32x4.mul(r5, weight);
    r6 = f32x4.mul(r6, weight);
    const cross = f32x4.mul(r6, r6);
    v128.store(out + x, f32x4.add(f32x4.mul(r4, r4), cross));
    v128.store(out + lineBytes + x, f32x4.mul(f32x4.add(r4, r5), r6));
    v128.store(out + 2 * lineBytes + x, f32x4.add(f32x4.mul(r5, r5), cross));
    v128.store(out + 3 * lineBytes + x, f32x4.add(f32x4.mul(r4, r2), f32x4.mul(r6, r3)));
    v128.store(out + 4 * lineBytes + x, f32x4.add(f32x4.mul(r6, r2), f32x4.mul(r5, r3)));
  }
  for (let k = 0; k < planes; k++) {
    const start = out + <usize>k * lineBytes;
    const first = load<f32>(start);
    const last = load<f32>(start + rowBytes - 4);
    for (let n = 1; n <= o.reach; n++) {
      store<f32>(start - ((<usize>n) << 2), first);
      store<f32>(start + rowBytes - 4 + ((<usize>n) << 2), last);
    }
  }
}

/** Sums of 2 reach + 1 neighbours of all five rows of `line`, from sums of 1, 2, 4, 8 … neighbours. */
function sumColumns(o: Fields, to: usize): void {
  const window = 2 * o.reach + 1;
  const bytes: usize = 5 * lineBytes;
  let from: usize = line;
  let done = 0;
  for (let size = 1; size <= window; size <<= 1) {
    if ((window & size) != 0) {
      const offset: usize = (<usize>done) << 2;
      if (done == 0) memory.copy(to, from, bytes);
      else {
        for (let x: usize = 0; x < bytes - offset; x += 16) {
          v128.store(to + x, f32x4.add(v128.load(to + x), v128.load(from + x + offset)));
        }
      }
      done += size;
    }
    if (size << 1 <= window) {
      const next = from + bytes;
      const offset: usize = (<usize>size) << 2;
      for (let x: usize = 0; x < bytes - offset; x += 16) {
        v128.store(next + x, f32x4.add(v128.load(from + x), v128.load(from + x + offset)));
      }
      from = next;
    }
  }
}

function addRow(o: Fields, row: usize, times: f64): void {
  for (let k = 0; k < planes; k++) {
    const from = row + <usize>k * lineBytes;
    const sums = columnSums + <usize>k * ((<usize>o.width + 4) << 3);
    for (let x = 0; x < o.width; x++) {
      const at = sums + ((<usize>x) << 3);
      store<f64>(at, load<f64>(at) + times * <f64>load<f32>(from + ((<usize>x) << 2)));
    }
  }
}

function exchangeRow(o: Fields, entering: usize, leaving: usize): void {
  const rowBytes = (<usize>o.width) << 2;
  for (let k: usize = 0; k < <usize>planes; k++) {
    const sums = columnSums + k * ((<usize>o.width + 4) << 3);
    for (let x: usize = 0; x < rowBytes; x += 16) {
      const at = k * lineBytes + x;
      const change = f32x4.sub(v128.load(entering + at), v128.load(leaving + at));
      const low = f64x2.promote_low_f32x4(change);
      const high = f64x2.promote_low_f32x4(v128.shuffle<i64>(change, change, 1, 1));
      const sum = sums + 2 * x;
      v128.store(sum, f64x2.add(v128.load(sum), low));
      v128.store(sum, f64x2.add(v128.load(sum, 16), high), 16);
    }
  }
}

/** Row `y` of the flow from the sums over its windows. */
function solve(o: Fields, y: i32): void {
  const step = (<usize>o.width + 4) << 3;
  const out = (<usize>(y * o.width)) << 2;
  const share = f64x2.splat(<f64>o.share);
  for (let x = 0; x < o.width; x += 2) {
    const at = columnSums + ((<usize>x) << 3);
    const g11 = f64x2.mul(share, v128.load(at));
    const g12 = f64x2.mul(share, v128.load(at + step));
    const g22 = f64x2.mul(share, v128.load(at + 2 * step));
    const h1 = f64x2.mul(share, v128.load(at + 3 * step));
    const h2 = f64x2.mul(share, v128.load(at + 4 * step));
    const determinant = f64x2.add(f64x2.sub(f64x2.mul(g11, g22), f64x2.mul(g12, g12)), f64x2.splat(0.001));
    const inverse = f64x2.div(f64x2.splat(1), determinant);
    const u = f64x2.mul(inverse, f64x2.sub(f64x2.mul(g11, h2), f64x2.mul(g12, h1)));
    const v = f64x2.mul(inverse, f64x2.sub(f64x2.mul(g22, h1), f64x2.mul(g12, h2)));
    // An odd row's last value reaches into the next row, whose products are taken already only if it is above.
    if (x + 1 < o.width) {
      v128.store64_lane(o.flowX + out + ((<usize>x) << 2), f32x4.demote_f64x2_zero(u), 0);
      v128.store64_lane(o.flowY + out + ((<usize>x) << 2), f32x4.demote_f64x2_zero(v), 0);
    } else {
      store<f32>(o.flowX + out + ((<usize>x) << 2), <f32>f64x2.extract_lane(u, 0));
      store<f32>(o.flowY + out + ((<usize>x) << 2), <f32>f64x2.extract_lane(v, 0));
    }
  }
}
