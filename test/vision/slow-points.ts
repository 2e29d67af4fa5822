/** Corners as point-tracks finds them, in plain doubles: strongest first, none nearer to another than `minDistance`. */
export function cornersOf(
  picture: Uint8Array,
  width: number,
  height: number,
  { quality, minDistance, most }: { readonly quality: number; readonly minDistance: number; readonly most: number },
): [number, number][] {
  const at = (x: number, y: number): number =>
    picture[Math.min(height - 1, Math.max(0, y)) * width + Math.min(width - 1, Math.max(0, x))]!;
  const dx = (x: number, y: number): number =>
    at(x + 1, y - 1) + 2 * at(x + 1, y) + at(x + 1, y + 1) - at(x - 1, y - 1) - 2 * at(x - 1, y) - at(x - 1, y + 1);
  const dy = (x: number, y: number): number =>
    at(x - 1, y + 1) + 2 * at(x, y + 1) + at(x + 1, y + 1) - at(x - 1, y - 1) - 2 * at(x, y - 1) - at(x + 1, y - 1);
  const response = (x: number, y: number): number => {
    let [xx, xy, yy] = [0, 0, 0];
    for (let j = y - 1; j <= y + 1; j++) {
      for (let i = x - 1; i <= x + 1; i++) {
        const [gx, gy] = [dx(i, j), dy(i, j)];
        xx += gx * gx;
        xy += gx * gy;
        yy += gy * gy;
      }
    }
    const f = Math.fround; // as single floats round
    const mean = f(f(xx + yy) * 0.5);
    const half = f(f(xx - yy) * 0.5);
    return f(mean - f(Math.sqrt(f(f(half * half) + f(xy * xy)))));
  };
  const edge = 4;
  const columns = Math.floor((width - 2 * edge) / 4) * 4;
  const values = new Map<string, number>();
  for (let y = edge - 1; y <= height - edge; y++) {
    for (let x = edge - 4; x < edge + columns + 4; x++) values.set(`${x},${y}`, response(x, y));
  }
  const least = Math.fround(Math.max(...values.values()) * quality);
  const peaks: { x: number; y: number; value: number }[] = [];
  for (let y = edge; y < height - edge; y++) {
    for (let x = edge; x < edge + columns; x++) {
      const value = values.get(`${x},${y}`)!;
      const around = [-1, 0, 1]
        .flatMap((j) => [-1, 0, 1].map((i) => ({ i, j })))
        .filter(({ i, j }) => i !== 0 || j !== 0);
      const isPeak = around.every(({ i, j }) => {
        const other = values.get(`${x + i},${y + j}`)!;
        return j < 0 || (j === 0 && i < 0) ? value >= other : value > other;
      });
      if (value >= least && isPeak) peaks.push({ x, y, value });
    }
  }
  peaks.sort((a, b) => b.value - a.value || a.y - b.y || a.x - b.x);
  const kept: [number, number][] = [];
  for (const { x, y } of peaks) {
    if (kept.length === most) break;
    if (kept.every(([u, v]) => (x - u) ** 2 + (y - v) ** 2 >= minDistance ** 2)) kept.push([x, y]);
  }
  return kept;
}

/** One level of Lucas–Kanade over 16×16 pixels in doubles; null where it does not settle. */
export function followSlowly(
  a: Uint8Array,
  b: Uint8Array,
  width: number,
  height: number,
  [x, y]: readonly [number, number],
): [number, number] | null {
  const pixel = (from: Uint8Array, u: number, v: number): number =>
    from[Math.min(height - 1, Math.max(0, v)) * width + Math.min(width - 1, Math.max(0, u))]!;
  const between = (from: Uint8Array, u: number, v: number): number => {
    const [i, j] = [Math.floor(u), Math.floor(v)];
    const [fu, fv] = [u - i, v - j];
    const above = pixel(from, i, j) * (1 - fu) + pixel(from, i + 1, j) * fu;
    const below = pixel(from, i, j + 1) * (1 - fu) + pixel(from, i + 1, j + 1) * fu;
    return above * (1 - fv) + below * fv;
  };
  let [dx, dy] = [0, 0];
  for (let step = 0; step < 50; step++) {
    let [xx, xy, yy, bx, by] = [0, 0, 0, 0, 0];
    for (let j = -7.5; j <= 7.5; j++) {
      for (let i = -7.5; i <= 7.5; i++) {
        const [u, v] = [x + i, y + j];
        const gx = (between(a, u + 1, v) - between(a, u - 1, v)) / 2;
        const gy = (between(a, u, v + 1) - between(a, u, v - 1)) / 2;
        const difference = between(b, u + dx, v + dy) - between(a, u, v);
        xx += gx * gx;
        xy += gx * gy;
        yy += gy * gy;
        bx += difference * gx;
        by += difference * gy;
      }
    }
    const determinant = xx * yy - xy * xy;
    const [sx, sy] = [(xy * by - yy * bx) / determinant, (xy * bx - xx * by) / determinant];
    [dx, dy] = [dx + sx, dy + sy];
    if (Math.hypot(sx, sy) < 1e-4) return [x + dx, y + dy];
  }
  return null;
}
