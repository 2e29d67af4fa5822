// The flow of fastFlow in plain loops: what the WebAssembly kernels must give. Search and spreading are exact, to the last bit;
// the refinement is in doubles here.

const pad = 16;
const f = Math.fround;

interface Settings {
  readonly finestLevel: number;
  readonly patchStep: number;
  readonly steps: number;
  readonly refinements: number;
}

interface Plane {
  /** Brightness × 64 at a pixel; the edge goes on outside. */
  readonly at: (x: number, y: number) => number;
  readonly width: number;
  readonly height: number;
}

type Flow = readonly [u: Float32Array, v: Float32Array];

/** As `fastFlow`. */
export function twinFlow(
  previous: Uint8Array,
  next: Uint8Array,
  width: number,
  height: number,
  settings: Settings,
): Float32Array {
  const levels = [{ a: previous, b: next, width, height }];
  for (;;) {
    const { a, b, width: w, height: h } = levels.at(-1)!;
    if (Math.min(w >> 1, h >> 1) < 12) break;
    levels.push({ a: halve(a, w, h), b: halve(b, w, h), width: w >> 1, height: h >> 1 });
  }
  let flow: Flow | null = null;
  for (let n = levels.length - 1; n >= 0; n--) {
    const { a, b, width: w, height: h } = levels[n]!;
    const coarser = levels[n + 1];
    flow =
      flow && coarser
        ? [enlarge(flow[0], coarser.width, coarser.height, w, h), enlarge(flow[1], coarser.width, coarser.height, w, h)]
        : [new Float32Array(w * h), new Float32Array(w * h)];
    if (n < Math.min(settings.finestLevel, levels.length - 1)) continue;
    const [first, second] = [plane(a, w, h), plane(b, w, h)];
    flow = searchPatches(first, second, flow, settings);
    if (settings.refinements > 0) refine(first, second, flow, settings.refinements);
  }
  return Float32Array.from({ length: 2 * width * height }, (_, i) => flow![i % 2]![i >> 1]!);
}

function halve(from: Uint8Array, width: number, height: number): Uint8Array {
  const [w, h] = [width >> 1, height >> 1];
  return Uint8Array.from({ length: w * h }, (_, i) => {
    const at = 2 * Math.floor(i / w) * width + 2 * (i % w);
    return (from[at]! + from[at + 1]! + from[at + width]! + from[at + width + 1]! + 2) >> 2;
  });
}

function plane(from: Uint8Array, width: number, height: number): Plane {
  const inside = (value: number, length: number) => Math.min(length - 1, Math.max(0, value));
  return { at: (x, y) => from[inside(y, height) * width + inside(x, width)]! * 64, width, height };
}

function enlarge(from: Float32Array, width: number, height: number, toWidth: number, toHeight: number): Float32Array {
  const mix = (near: number, far: number, scale: number) => f(f(0.75 * scale * near) + f(0.25 * scale * far));
  const neighbours = (at: number, length: number) => {
    const near = Math.min(length - 1, at >> 1);
    const far = at % 2 === 1 ? near + 1 : (at >> 1) - 1;
    return [near, Math.min(length - 1, Math.max(0, far))] as const;
  };
  return Float32Array.from({ length: toWidth * toHeight }, (_, i) => {
    const [nearX, farX] = neighbours(i % toWidth, width);
    const [nearY, farY] = neighbours(Math.floor(i / toWidth), height);
    const column = (x: number) => mix(from[nearY * width + x]!, from[farY * width + x]!, 2);
    return mix(column(nearX), column(farX), 1);
  });
}

/** The second picture under the patch, displaced: 64 values in 1/64 grey level. */
function displaced({ at, width, height }: Plane, x: number, y: number, u: number, v: number): number[] {
  const px = Math.min(width + pad - 10, Math.max(1 - pad, x + u));
  const py = Math.min(height + pad - 10, Math.max(1 - pad, y + v));
  const [left, top] = [Math.floor(px), Math.floor(py)];
  const [fx, fy] = [Math.trunc((px - left) * 32768), Math.trunc((py - top) * 32768)];
  const between = (a: number, b: number, share: number) => a + (((b - a) * share + 16384) >> 15);
  const row = (i: number, j: number) => between(at(left + i, top + j), at(left + i + 1, top + j), fx);
  return pixels((i, j) => between(row(i, j), row(i, j + 1), fy));
}

function pixels(value: (i: number, j: number) => number): number[] {
  return Array.from({ length: 64 }, (_, k) => value(k % 8, k >> 3));
}

function searchPatches(first: Plane, second: Plane, start: Flow, { patchStep, steps }: Settings): Flow {
  const { width, height } = first;
  const [columns, rows] = [Math.ceil((width - 8) / patchStep) + 1, Math.ceil((height - 8) / patchStep) + 1];
  const count = columns * rows;
  const found = Array.from({ length: count }, () => ({ u: 0, v: 0, cost: 0 }));
  const place = (k: number) => ({
    x: Math.min(width - 8, (k % columns) * patchStep),
    y: Math.min(height - 8, Math.floor(k / columns) * patchStep),
  });
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  for (const pass of [0, 1]) {
    for (let n = 0; n < count; n++) {
      const k = pass === 1 ? count - 1 - n : n;
      const { x, y } = place(k);
      const template = pixels((i, j) => first.at(x + i, y + j));
      const gx = pixels((i, j) => (first.at(x + i + 1, y + j) - first.at(x + i - 1, y + j)) >> 4);
      const gy = pixels((i, j) => (first.at(x + i, y + j + 1) - first.at(x + i, y + j - 1)) >> 4);
      const compare = (u: number, v: number) => {
        const difference = displaced(second, x, y, u, v).map((value, i) => value - template[i]!);
        const total = sum(difference);
        const squares = sum(difference.map((d) => (d >> 2) * (d >> 2)));
        const alongX = sum(difference.map((d, i) => d * gx[i]!));
        const alongY = sum(difference.map((d, i) => d * gy[i]!));
        return { u, v, cost: (squares - (total * total) / 1024) / 256, total, alongX, alongY };
      };
      const centre = (y + 4) * width + x + 4;
      let best = pass === 0 ? compare(start[0][centre]!, start[1][centre]!) : compare(found[k]!.u, found[k]!.v);
      const direction = pass === 1 ? 1 : -1;
      const [column, row] = [(k % columns) + direction, Math.floor(k / columns) + direction];
      for (const other of [
        column >= 0 && column < columns ? found[k + direction]! : null,
        row >= 0 && row < rows ? found[k + direction * columns]! : null,
      ]) {
        const tried = other && compare(other.u, other.v);
        if (tried && tried.cost < best.cost) best = tried;
      }
      const [meanX, meanY] = [sum(gx) / 64, sum(gy) / 64];
      const a = sum(gx.map((g) => g * g)) - 64 * meanX * meanX;
      const b = sum(gx.map((g, i) => g * gy[i]!)) - 64 * meanX * meanY;
      const c = sum(gy.map((g) => g * g)) - 64 * meanY * meanY;
      const determinant = a * c - b * b;
      for (let step = 0; step < steps && determinant >= 256; step++) {
        const sumX = (best.alongX - best.total * meanX) / 8;
        const sumY = (best.alongY - best.total * meanY) / 8;
        const du = (c * sumX - b * sumY) / determinant;
        const dv = (a * sumY - b * sumX) / determinant;
        const tried = compare(f(best.u - du), f(best.v - dv));
        if (!(tried.cost < best.cost)) break;
        best = tried;
        if (du * du + dv * dv < 0.0004) break;
      }
      found[k] = { u: best.u, v: best.v, cost: f(best.cost) };
    }
  }
  const [weights, u, v] = [0, 1, 2].map(() => new Float32Array(width * height)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  for (const [k, patch] of found.entries()) {
    const { x, y } = place(k);
    const trust = f(1 / f(1 + f(Math.max(0, patch.cost) / 64)));
    for (const [n, value] of displaced(second, x, y, patch.u, patch.v).entries()) {
      const [px, py] = [x + (n % 8), y + (n >> 3)];
      const grey = (value - first.at(px, py)) / 64;
      const weight = f(trust / Math.max(1, f(grey * grey)));
      const at = py * width + px;
      weights[at]! += weight;
      u[at]! += f(weight * patch.u);
      v[at]! += f(weight * patch.v);
    }
  }
  return [u.map((value, i) => value / weights[i]!), v.map((value, i) => value / weights[i]!)];
}

/** Relaxes the flow in place. */
function refine(first: Plane, second: Plane, [u, v]: Flow, rounds: number): void {
  const { width, height } = first;
  const count = width * height;
  const each = (value: (x: number, y: number, i: number) => number) =>
    Float64Array.from({ length: count }, (_, i) => value(i % width, Math.floor(i / width), i));
  const at = (values: ArrayLike<number>, x: number, y: number) =>
    values[Math.min(height - 1, Math.max(0, y)) * width + Math.min(width - 1, Math.max(0, x))]!;
  const alongX = (values: Float64Array) => each((x, y) => (at(values, x + 1, y) - at(values, x - 1, y)) / 2);
  const alongY = (values: Float64Array) => each((x, y) => (at(values, x, y + 1) - at(values, x, y - 1)) / 2);
  const there = each((x, y, i) => {
    const px = Math.min(width + pad - 3, Math.max(1 - pad, x + u[i]!));
    const py = Math.min(height + pad - 3, Math.max(1 - pad, y + v[i]!));
    const [left, top] = [Math.floor(px), Math.floor(py)];
    const row = (j: number) =>
      second.at(left, top + j) + (second.at(left + 1, top + j) - second.at(left, top + j)) * (px - left);
    return (row(0) + (row(1) - row(0)) * (py - top)) / 64;
  });
  const here = each((x, y) => first.at(x, y) / 64);
  const mean = there.map((value, i) => (value + here[i]!) / 2);
  const change = there.map((value, i) => value - here[i]!);
  const [X, Y, tX, tY] = [alongX(mean), alongY(mean), alongX(change), alongY(change)];
  const [XX, XY, YY] = [alongX(X), alongY(X), alongY(Y)];
  const [startU, startV] = [Float64Array.from(u), Float64Array.from(v)];
  const [U, V] = [Float64Array.from(u), Float64Array.from(v)];
  for (let round = 0; round < rounds; round++) {
    const tie = each((x, y, i) => {
      const slopes = [U, V].flatMap((z) => [at(z, x + 1, y) - z[i]!, at(z, x, y + 1) - z[i]!]);
      return 20 / Math.sqrt(slopes.reduce((sum, slope) => sum + slope * slope, 1e-4));
    });
    const systems = Array.from({ length: count }, (_, i) => {
      const [du, dv] = [U[i]! - startU[i]!, V[i]! - startV[i]!];
      // Each term: slopes along x and y, what is left, and its weight.
      const terms = [
        [X[i]!, Y[i]!, change[i]!],
        [XX[i]!, XY[i]!, tX[i]!],
        [XY[i]!, YY[i]!, tY[i]!],
      ].map(([gx, gy, t]) => ({ gx: gx!, gy: gy!, t: t!, scale: 1 / (gx! * gx! + gy! * gy! + 0.01) }));
      const errors = terms.map(({ gx, gy, t, scale }) => (t + gx * du + gy * dv) ** 2 * scale);
      const light = 5 / Math.sqrt(errors[0]! + 1e-4);
      const gradient = 10 / Math.sqrt(errors[1]! + errors[2]! + 1e-4);
      const total = { a: 0, b: 0, c: 0, r1: 0, r2: 0 };
      for (const [n, { gx, gy, t, scale }] of terms.entries()) {
        const weight = (n === 0 ? light : gradient) * scale;
        total.a += weight * gx * gx;
        total.b += weight * gx * gy;
        total.c += weight * gy * gy;
        total.r1 -= weight * gx * (t - gx * startU[i]! - gy * startV[i]!);
        total.r2 -= weight * gy * (t - gx * startU[i]! - gy * startV[i]!);
      }
      return total;
    });
    for (let half = 0; half < 8; half++) {
      for (let i = 0; i < count; i++) {
        const [x, y] = [i % width, Math.floor(i / width)];
        if ((x + y + half) % 2 !== 0) continue;
        const neighbours = [
          [x + 1 < width, i + 1, tie[i]!],
          [x > 0, i - 1, tie[i - 1]!],
          [y + 1 < height, i + width, tie[i]!],
          [y > 0, i - width, tie[i - width]!],
        ].filter(([inside]) => inside) as [boolean, number, number][];
        const { a, b, c, r1, r2 } = systems[i]!;
        const ties = neighbours.reduce((sum, [, , weight]) => sum + weight, 0);
        const pull = (z: Float64Array) => neighbours.reduce((sum, [, j, weight]) => sum + weight * z[j]!, 0);
        U[i] = -0.6 * U[i]! + (1.6 * (r1 + pull(U) - b * V[i]!)) / (a + ties);
        V[i] = -0.6 * V[i]! + (1.6 * (r2 + pull(V) - b * U[i]!)) / (c + ties);
      }
    }
  }
  u.set(U);
  v.set(V);
}
