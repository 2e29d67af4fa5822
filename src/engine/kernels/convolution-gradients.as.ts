// Gradients of a convolution of one image, float32, channels last. All addresses are in bytes. For one row of the filter, its columns and
// channels are one run of `m` floats in the picture; the caller pads the picture's edges with zeros, and `m` and `n` (output channels) so
// that tiles fit: what a padded place gives lands in padding.

/**
 * dw[r, j, o] += sum over places of x[place * stride + (r, j)] * dy[place, o].
 *
 * @param m a multiple of 4; @param n a multiple of 8.
 */
export function filterGradient(
  x: usize,
  dy: usize,
  dw: usize,
  outHeight: i32,
  outWidth: i32,
  kernelHeight: i32,
  m: i32,
  n: i32,
  pixelStep: usize,
  rowStep: usize,
  lineStep: usize,
): void {
  const width = (<usize>n) << 2;
  for (let i = 0; i < outHeight; i++) {
    const slopes = dy + <usize>i * <usize>outWidth * width;
    for (let r = 0; r < kernelHeight; r++) {
      const line = x + <usize>i * rowStep + <usize>r * lineStep;
      const block = dw + <usize>(r * m) * width;
      for (let j = 0; j < m; j += 4) {
        for (let o = 0; o < n; o += 8) {
          let target = block + <usize>j * width + ((<usize>o) << 2);
          let a0 = v128.load(target),
            b0 = v128.load(target, 16);
          target += width;
          let a1 = v128.load(target),
            b1 = v128.load(target, 16);
          target += width;
          let a2 = v128.load(target),
            b2 = v128.load(target, 16);
          target += width;
          let a3 = v128.load(target),
            b3 = v128.load(target, 16);
          let from = line + ((<usize>j) << 2);
          let slope = slopes + ((<usize>o) << 2);
          const end = slope + <usize>outWidth * width;
          while (slope < end) {
            const d0 = v128.load(slope),
              d1 = v128.load(slope, 16);
            const x0 = v128.load32_splat(from);
            a0 = f32x4.add(a0, f32x4.mul(x0, d0));
            b0 = f32x4.add(b0, f32x4.mul(x0, d1));
            const x1 = v128.load32_splat(from, 4);
            a1 = f32x4.add(a1, f32x4.mul(x1, d0));
            b1 = f32x4.add(b1, f32x4.mul(x1, d1));
            const x2 = v128.load32_splat(from, 8);
            a2 = f32x4.add(a2, f32x4.mul(x2, d0));
            b2 = f32x4.add(b2, f32x4.mul(x2, d1));
            const x3 = v128.load32_splat(from, 12);
            a3 = f32x4.add(a3, f32x4.mul(x3, d0));
            b3 = f32x4.add(b3, f32x4.mul(x3, d1));
            from += pixelStep;
            slope += width;
          }
          v128.store(target, a3);
          v128.store(target, b3, 16);
          target -= width;
          v128.store(target, a2);
          v128.store(target, b2, 16);
          target -= width;
          v128.store(target, a1);
          v128.store(target, b1, 16);
          target -= width;
          v128.store(target, a0);
          v128.store(target, b0, 16);
        }
      }
    }
  }
}

/**
 * dx[place * stride + (r, j)] += sum over o of dy[place, o] * w[r, o, j].
 *
 * @param outWidth a multiple of 4, padded with zeros in `dy`; @param m a multiple of 8, padded with zeros in `w`; @param n any count.
 */
export function inputGradient(
  dx: usize,
  dy: usize,
  w: usize,
  outHeight: i32,
  outWidth: i32,
  kernelHeight: i32,
  m: i32,
  n: i32,
  pixelStep: usize,
  rowStep: usize,
  lineStep: usize,
): void {
  const width = (<usize>n) << 2;
  const wide = (<usize>m) << 2;
  for (let i = 0; i < outHeight; i++) {
    for (let r = 0; r < kernelHeight; r++) {
      const line = dx + <usize>i * rowStep + <usize>r * lineStep;
      for (let k = 0; k < outWidth; k += 4) {
        const first = dy + <usize>(i * outWidth + k) * width;
        for (let j = 0; j < m; j += 8) {
          let a0 = f32x4.splat(0),
            b0 = f32x4.splat(0);
          let a1 = f32x4.splat(0),
            b1 = f32x4.splat(0);
          let a2 = f32x4.splat(0),
            b2 = f32x4.splat(0);
          let a3 = f32x4.splat(0),
            b3 = f32x4.splat(0);
          let weight = w + <usize>(r * n) * wide + ((<usize>j) << 2);
          let slope = first;
          const end = first + width;
          while (slope < end) {
            const w0 = v128.load(weight),
              w1 = v128.load(weight, 16);
            const d0 = v128.load32_splat(slope);
            a0 = f32x4.add(a0, f32x4.mul(d0, w0));
            b0 = f32x4.add(b0, f32x4.mul(d0, w1));
            const d1 = v128.load32_splat(slope + width);
            a1 = f32x4.add(a1, f32x4.mul(d1, w0));
            b1 = f32x4.add(b1, f32x4.mul(d1, w1));
            const d2 = v128.load32_splat(slope + (width << 1));
            a2 = f32x4.add(a2, f32x4.mul(d2, w0));
            b2 = f32x4.add(b2, f32x4.mul(d2, w1));
            const d3 = v128.load32_splat(slope + width * 3);
            a3 = f32x4.add(a3, f32x4.mul(d3, w0));
            b3 = f32x4.add(b3, f32x4.mul(d3, w1));
            weight += wide;
            slope += 4;
          }
          let target = line + <usize>k * pixelStep + ((<usize>j) << 2);
          v128.store(target, f32x4.add(v128.load(target), a0));
          v128.store(target, f32x4.add(v128.load(target, 16), b0), 16);
          target += pixelStep;
          v128.store(target, f32x4.add(v128.load(target), a1));
          v128.store(target, f32x4.add(v128.load(target, 16), b1), 16);
          target += pixelStep;
          v128.store(target, f32x4.add(v128.load(target), a2));
          v128.store(target, f32x4.add(v128.load(target, 16), b2), 16);
          target += pixelStep;
          v128.store(target, f32x4.add(v128.load(target), a3));
          v128.store(target, f32x4.add(v128.load(target, 16), b3), 16);
        }
      }
    }
  }
}
