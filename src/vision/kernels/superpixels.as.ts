// Regions of like colour (SLIC): which centre every pixel is nearest to, and where its pixels put a centre. Planes are float32 and rows
// a multiple of 4 long; a centre is 5 float32 (l, a, b, x, y), its sums 6 (the same and the pixels).

/** Every pixel within `reach` of a centre along both axes learns whether it is nearer than what it had; of equals the earlier centre stays. */
export function assign(
  planes: usize,
  stride: i32,
  height: i32,
  centres: usize,
  count: i32,
  reach: i32,
  spatial: f32,
  best: usize,
  labels: usize,
): void {
  const plane = (<usize>(stride * height)) << 2;
  const lanes = f32x4(0, 1, 2, 3);
  for (let n = 0; n < count; n++) {
    const at = centres + <usize>n * 20;
    const l = f32x4.splat(load<f32>(at));
    const a = f32x4.splat(load<f32>(at, 4));
    const b = f32x4.splat(load<f32>(at, 8));
    const cx = load<f32>(at, 12);
    const cy = load<f32>(at, 16);
    const x0 = max<i32>(0, <i32>cx - reach) & ~3;
    const x1 = min<i32>(stride, <i32>cx + reach + 1);
    const y0 = max<i32>(0, <i32>cy - reach);
    const y1 = min<i32>(height, <i32>cy + reach + 1);
    const label = i32x4.splat(n);
    for (let y = y0; y < y1; y++) {
      const dy = <f32>y - cy;
      const dy2 = f32x4.splat(dy * dy);
      for (let x = x0; x < x1; x += 4) {
        const offset = (<usize>(y * stride + x)) << 2;
        const dl = f32x4.sub(v128.load(planes + offset), l);
        const da = f32x4.sub(v128.load(planes + plane + offset), a);
        const db = f32x4.sub(v128.load(planes + 2 * plane + offset), b);
        const dx = f32x4.sub(f32x4.add(f32x4.splat(<f32>x), lanes), f32x4.splat(cx));
        const colour = f32x4.add(f32x4.add(f32x4.mul(dl, dl), f32x4.mul(da, da)), f32x4.mul(db, db));
        const place = f32x4.mul(f32x4.add(f32x4.mul(dx, dx), dy2), f32x4.splat(spatial));
        const distance = f32x4.add(colour, place);
        const before = v128.load(best + offset);
        const nearer = f32x4.lt(distance, before);
        v128.store(best + offset, v128.bitselect(distance, before, nearer));
        v128.store(labels + offset, v128.bitselect(label, v128.load(labels + offset), nearer));
      }
    }
  }
}

/** Adds up colour, place and number of the pixels of every label; `sums` must be zero. */
export function accumulate(planes: usize, stride: i32, width: i32, height: i32, labels: usize, sums: usize): void {
  const plane = (<usize>(stride * height)) << 2;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const offset = (<usize>(y * stride + x)) << 2;
      const at = sums + <usize>load<i32>(labels + offset) * 24;
      store<f32>(at, load<f32>(at) + load<f32>(planes + offset));
      store<f32>(at, load<f32>(at, 4) + load<f32>(planes + plane + offset), 4);
      store<f32>(at, load<f32>(at, 8) + load<f32>(planes + 2 * plane + offset), 8);
      store<f32>(at, load<f32>(at, 12) + <f32>x, 12);
      store<f32>(at, load<f32>(at, 16) + <f32>y, 16);
      store<f32>(at, load<f32>(at, 20) + 1, 20);
    }
  }
}
