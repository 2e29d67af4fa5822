// Semi-global matching on census transforms. src/vision/stereo-matcher.ts lays out the memory; a slow rewrite in
// test/vision/stereo-matcher.test.ts is the oracle.

/** Census of 9 × 7 pixels: a bit for each of the 62 neighbours that is darker than the centre; pixels beyond the edge repeat it. */
export function census(from: usize, width: i32, height: i32, out: usize): void {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const centre = load<u8>(from + <usize>(y * width + x));
      let bits: u64 = 0;
      for (let dy = -3; dy <= 3; dy++) {
        const row = max(0, min(height - 1, y + dy)) * width;
        for (let dx = -4; dx <= 4; dx++) {
          if (dx == 0 && dy == 0) continue;
          const other = load<u8>(from + <usize>(row + max(0, min(width - 1, x + dx))));
          bits = (bits << 1) | (<u64>(other < centre));
        }
      }
      store<u64>(out + ((<usize>(y * width + x)) << 3), bits);
    }
  }
}

/** Bits that differ of left pixel x and right pixel x - d, for d from `least` on, `levels` of them; beyond the edge 31. */
export function costs(left: usize, right: usize, width: i32, height: i32, least: i32, levels: i32, out: usize): void {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const own = load<u64>(left + ((<usize>(y * width + x)) << 3));
      for (let k = 0; k < levels; k++) {
        const to = x - least - k;
        let value: u8 = 31;
        if (to >= 0 && to < width) value = <u8>popcnt(own ^ load<u64>(right + ((<usize>(y * width + to)) << 3)));
        store<u8>(out++, value);
      }
    }
  }
}

/**
 * Adds to `sums` (u16) the costs along one path: what a pixel's neighbour at (-dx, -dy) had, plus `small` for a step of one and `large` for
 * any other. `lines` has room for two rows of width + 2 cells of levels + 16 words; `least` for two rows of width + 2 words. Rows go down where
 * `forward` is 1, else up, and so do columns.
 */
export function addPath(
  cost: usize,
  sums: usize,
  width: i32,
  height: i32,
  levels: i32,
  dx: i32,
  dy: i32,
  forward: i32,
  small: i32,
  large: i32,
  lines: usize,
  least: usize,
): void {
  const cell: usize = (<usize>(levels + 16)) << 1;
  const line: usize = cell * <usize>(width + 2);
  const leastLine: usize = (<usize>(width + 2)) << 1;
  const step: i32 = forward ? 1 : -1;
  const wall = i16x8.splat(16383);
  const smallSteps = i16x8.splat(<i16>small);
  memory.fill(lines, 0, line * 2);
  memory.fill(least, 0, leastLine * 2);
  for (let half = 0; half < 2; half++) {
    for (let x = 0; x < width + 2; x++) {
      const at = lines + <usize>half * line + <usize>x * cell;
      v128.store(at, wall);
      v128.store(at + cell - 16, wall);
    }
  }
  let current: usize = 0;
  for (let i = 0; i < height; i++) {
    const y = forward ? i : height - 1 - i;
    const isFirstRow = dy != 0 && i == 0;
    const to = lines + current * line;
    const leastTo = least + current * leastLine;
    const fromLine = dy == 0 ? to : lines + (1 - current) * line;
    const leastFrom = dy == 0 ? leastTo : least + (1 - current) * leastLine;
    for (let j = 0; j < width; j++) {
      const x = forward ? j : width - 1 - j;
      const before = x - dx * step;
      const starts = isFirstRow || before < 0 || before >= width;
      const place: usize = <usize>(y * width + x) * <usize>levels;
      const own = to + <usize>(x + 1) * cell + 16;
      const last = fromLine + <usize>(before + 1) * cell + 16;
      const floor: i16 = starts ? 0 : load<i16>(leastFrom + ((<usize>(before + 1)) << 1));
      const floors = i16x8.splat(floor);
      const jump = i16x8.splat(floor + <i16>large);
      let lowest = wall;
      for (let k: usize = 0; k < <usize>levels; k += 8) {
        let value = i16x8.extend_low_i8x16_u(v128.load64_zero(cost + place + k));
        if (!starts) {
          const at = last + (k << 1);
          const same = v128.load(at);
          const aside = i16x8.add(i16x8.min_s(v128.load(at - 2), v128.load(at + 2)), smallSteps);
          const cheapest = i16x8.min_s(i16x8.min_s(same, aside), jump);
          value = i16x8.sub(i16x8.add(value, cheapest), floors);
        }
        v128.store(own + (k << 1), value);
        lowest = i16x8.min_s(lowest, value);
        const sum = sums + ((place + k) << 1);
        v128.store(sum, i16x8.add(v128.load(sum), value));
      }
      lowest = i16x8.min_s(lowest, v128.shuffle<i16>(lowest, lowest, 4, 5, 6, 7, 0, 1, 2, 3));
      lowest = i16x8.min_s(lowest, v128.shuffle<i16>(lowest, lowest, 2, 3, 0, 1, 6, 7, 4, 5));
      lowest = i16x8.min_s(lowest, v128.shuffle<i16>(lowest, lowest, 1, 0, 3, 2, 5, 4, 7, 6));
      store<i16>(leastTo + ((<usize>(x + 1)) << 1), i16x8.extract_lane_s(lowest, 0));
    }
    if (dy != 0) current = 1 - current;
  }
}

/**
 * The best level of each left pixel with its fraction, or NaN: where another level further than one away is within `unique` percent, where
 * the right pixel it leads to prefers a level more than one off, and where the right pixel is beyond the edge.
 * `rightBest` has room for `width` i32.
 */
export function choose(
  sums: usize,
  width: i32,
  height: i32,
  least: i32,
  levels: i32,
  unique: i32,
  rightBest: usize,
  out: usize,
): void {
  for (let y = 0; y < height; y++) {
    const row = sums + ((<usize>(y * width) * <usize>levels) << 1);
    for (let x = 0; x < width; x++) {
      let best = -1;
      let value: u32 = 65535;
      for (let k = 0; k < levels; k++) {
        const from = x + least + k;
        if (from < 0 || from >= width) continue;
        const sum: u32 = load<u16>(row + ((<usize>(from * levels + k)) << 1));
        if (sum < value) {
          value = sum;
          best = k;
        }
      }
      store<i32>(rightBest + ((<usize>x) << 2), best);
    }
    for (let x = 0; x < width; x++) {
      const cell = row + ((<usize>(x * levels)) << 1);
      let best = 0;
      let value: u32 = 65535;
      for (let k = 0; k < levels; k++) {
        const sum: u32 = load<u16>(cell + ((<usize>k) << 1));
        if (sum < value) {
          value = sum;
          best = k;
        }
      }
      let isSure = true;
      for (let k = 0; k < levels; k++) {
        if (abs(k - best) <= 1) continue;
        if (<u32>load<u16>(cell + ((<usize>k) << 1)) * <u32>(100 - unique) < value * 100) isSure = false;
      }
      const to = x - least - best;
      if (to < 0 || to >= width) isSure = false;
      else if (abs(load<i32>(rightBest + ((<usize>to) << 2)) - best) > 1) isSure = false;
      let result: f32 = NaN;
      if (isSure) {
        result = <f32>(least + best);
        if (best > 0 && best < levels - 1) {
          const before = <f32>load<u16>(cell + ((<usize>(best - 1)) << 1));
          const after = <f32>load<u16>(cell + ((<usize>(best + 1)) << 1));
          const bend = before + after - 2 * <f32>value;
          if (bend > 0) result += (before - after) / (2 * bend);
        }
      }
      store<f32>(out, result);
      out += 4;
    }
  }
}
