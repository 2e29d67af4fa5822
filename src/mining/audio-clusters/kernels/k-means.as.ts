// Nearest centres of many points, float32. Centres stand in columns, so that a row holds one coordinate of all of them.

/**
 * Products of points and centres: out[p, c] = Σ points[p, d] · centres[d, c]. `points` [count, dimensions], count even;
 * `centres` [dimensions, columns], columns a multiple of 16; `out` [count, columns].
 */
export function products(points: usize, count: i32, dimensions: i32, centres: usize, columns: i32, out: usize): void {
  const row = (<usize>dimensions) << 2;
  const wide = (<usize>columns) << 2;
  for (let c: usize = 0; c < wide; c += 64) {
    for (let p = 0; p < count; p += 2) {
      let a = points + <usize>p * row;
      const end = a + row;
      let at = centres + c;
      let a0 = f32x4.splat(0);
      let a1 = f32x4.splat(0);
      let a2 = f32x4.splat(0);
      let a3 = f32x4.splat(0);
      let b0 = f32x4.splat(0);
      let b1 = f32x4.splat(0);
      let b2 = f32x4.splat(0);
      let b3 = f32x4.splat(0);
      while (a < end) {
        const x = v128.load32_splat(a);
        const y = v128.load32_splat(a + row);
        const c0 = v128.load(at);
        const c1 = v128.load(at, 16);
        const c2 = v128.load(at, 32);
        const c3 = v128.load(at, 48);
        a0 = f32x4.add(a0, f32x4.mul(x, c0));
        a1 = f32x4.add(a1, f32x4.mul(x, c1));
        a2 = f32x4.add(a2, f32x4.mul(x, c2));
        a3 = f32x4.add(a3, f32x4.mul(x, c3));
        b0 = f32x4.add(b0, f32x4.mul(y, c0));
        b1 = f32x4.add(b1, f32x4.mul(y, c1));
        b2 = f32x4.add(b2, f32x4.mul(y, c2));
        b3 = f32x4.add(b3, f32x4.mul(y, c3));
        a += 4;
        at += wide;
      }
      const to = out + <usize>p * wide + c;
      v128.store(to, a0);
      v128.store(to, a1, 16);
      v128.store(to, a2, 32);
      v128.store(to, a3, 48);
      v128.store(to + wide, b0);
      v128.store(to + wide, b1, 16);
      v128.store(to + wide, b2, 32);
      v128.store(to + wide, b3, 48);
    }
  }
}

/** Adds rows of float32 to rows of float64 sums: sums[labels[p]] += points[p]; `dimensions` even. */
export function addRows(points: usize, labels: usize, count: i32, dimensions: i32, sums: usize): void {
  for (let p = 0; p < count; p++) {
    const from = points + ((<usize>p * <usize>dimensions) << 2);
    const to = sums + ((<usize>load<i32>(labels + ((<usize>p) << 2)) * <usize>dimensions) << 3);
    for (let d: usize = 0; d < <usize>dimensions; d += 2) {
      const value = f64x2.promote_low_f32x4(v128.load64_zero(from + (d << 2)));
      v128.store(to + (d << 3), f64x2.add(v128.load(to + (d << 3)), value));
    }
  }
}
