// Baseline JPEG with all components at full size, to the byte what libjpeg's default decoder gives: see ../jpeg.ts.

let bits: u64 = 0; // the last `count` bits are still to be read
let count: i32 = 0;
let at: usize = 0;
let end: usize = 0;
let invented: i32 = 0; // bits given after the data ended

const lookAhead: i32 = 9;
// A Huffman table: 512 × u16 for the codes of up to 9 bits (length << 8 | symbol), then by length the end of its codes and what to add to a
// code to have its symbol's place (17 × i32 each), then 256 symbols.
const endsAt: usize = 1024;
const placesAt: usize = 1092;
const symbolsAt: usize = 1160;

/** Builds a table from the numbers of codes of each length (17 bytes, the first of no use) and the symbols. Returns 0, or 1 where the codes do not fit. */
export function buildTable(counts: usize, symbols: usize, total: i32, table: usize): i32 {
  memory.fill(table, 0, symbolsAt);
  memory.copy(table + symbolsAt, symbols, total);
  let code = 0;
  let place = 0;
  for (let length = 1; length <= 16; length++) {
    const number = <i32>load<u8>(counts + <usize>length);
    store<i32>(table + placesAt + (<usize>length << 2), place - code);
    for (let i = 0; i < number; i++, code++, place++) {
      if (code >= 1 << length || place >= total) return 1;
      if (length > lookAhead) continue;
      const entry = <u16>((length << 8) | <i32>load<u8>(table + symbolsAt + <usize>place));
      const first = code << (lookAhead - length);
      for (let k = 0; k < 1 << (lookAhead - length); k++) store<u16>(table + (<usize>(first + k) << 1), entry);
    }
    store<i32>(table + endsAt + (<usize>length << 2), code);
    code <<= 1;
  }
  return 0;
}

/** Makes sure of 32 bits. */
@inline
function refill(): void {
  if (count >= 32) return;
  const word = load<u32>(at); // behind the data are zeros
  if (at + 4 <= end && ((~word - 0x01010101) & word & 0x80808080) == 0) {
    bits = (bits << 32) | (<u64>bswap<u32>(word));
    count += 32;
    at += 4;
  } else refillSlowly();
}

function refillSlowly(): void {
  while (count <= 48) {
    let byte: u64 = 0;
    if (at < end) {
      byte = <u64>load<u8>(at);
      if (byte != 0xff) at++;
      else if (load<u8>(at, 1) == 0) at += 2;
      else {
        byte = 0; // a marker: the data ends here
        invented += 8;
      }
    } else invented += 8;
    bits = (bits << 8) | byte;
    count += 8;
  }
}

@inline
function peek(size: i32): i32 {
  return <i32>(bits >> <u64>(count - size)) & ((1 << size) - 1);
}

/** The next symbol, or -1. */
@inline
function readSymbol(table: usize): i32 {
  const entry = <i32>load<u16>(table + (<usize>peek(lookAhead) << 1));
  if (entry) {
    count -= entry >> 8;
    return entry & 255;
  }
  return readLongSymbol(table);
}

function readLongSymbol(table: usize): i32 {
  for (let length = lookAhead + 1; length <= 16; length++) {
    const code = peek(length);
    if (code < load<i32>(table + endsAt + (<usize>length << 2))) {
      const place = code + load<i32>(table + placesAt + (<usize>length << 2));
      if (place < 0 || place > 255) return -1;
      count -= length;
      return <i32>load<u8>(table + symbolsAt + <usize>place);
    }
  }
  return -1;
}

/** A number of `size` bits whose first bit, if 0, says that it is negative. */
@inline
function readNumber(size: i32): i32 {
  const value = peek(size);
  count -= size;
  return value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
}

/** One block's numbers, dequantised, at `block` (64 × i32 of 0). Returns the last place that is not 0, or -1. `dc`: address of the last block's first number. */
function readBlock(block: usize, dc: usize, dcTable: usize, acTable: usize, quant: usize, order: usize): i32 {
  refill();
  const size = readSymbol(dcTable);
  if (size < 0 || size > 15) return -1;
  const first = load<i32>(dc) + (size ? readNumber(size) : 0);
  store<i32>(dc, first);
  store<i32>(block, first * load<i32>(quant));
  let last = 0;
  for (let k = 1; k < 64; k++) {
    refill();
    const symbol = readSymbol(acTable);
    if (symbol < 0) return -1;
    const bitsOf = symbol & 15;
    if (bitsOf == 0) {
      if (symbol != 0xf0) break;
      k += 15;
      continue;
    }
    k += symbol >> 4;
    if (k > 63) return -1;
    store<i32>(block + (<usize>load<u8>(order + <usize>k) << 2), readNumber(bitsOf) * load<i32>(quant + (<usize>k << 2)));
    last = k;
  }
  return last;
}

/** Small steps that are always compiled in place: only methods of a class can say so. */
class Lanes {
  @inline
  static times(a: v128, b: i32): v128 {
    return i32x4.mul(a, i32x4.splat(b));
  }

  /** Writes four columns of four as rows 32 bytes apart. */
  @inline
  static storeTurned(to: usize, a: v128, b: v128, c: v128, d: v128): void {
    const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
    const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
    const abHigh = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
    const cdHigh = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<i64>(ab, cd, 0, 2));
    v128.store(to, v128.shuffle<i64>(ab, cd, 1, 3), 32);
    v128.store(to, v128.shuffle<i64>(abHigh, cdHigh, 0, 2), 64);
    v128.store(to, v128.shuffle<i64>(abHigh, cdHigh, 1, 3), 96);
  }

  @inline
  static clip(a: v128): v128 {
    return i32x4.min_s(i32x4.max_s(a, i32x4.splat(0)), i32x4.splat(255));
  }
}

/**
 * One direction of the inverse transform for four columns, 13-bit constants, the result turned. `shift` bits are rounded off.
 * Source: Loeffler, Ligtenberg and Moschytz, "Practical fast 1-D DCT algorithms with 11 multiplications", 1989; constants as in libjpeg's jidctint.
 */
function transform(from: usize, to: usize, shift: i32): void {
  const rounding = i32x4.splat(1 << (shift - 1));
  const x2 = v128.load(from, 64);
  const x6 = v128.load(from, 192);
  const even = Lanes.times(i32x4.add(x2, x6), 4433);
  const inner = i32x4.sub(even, Lanes.times(x6, 15137));
  const outer = i32x4.add(even, Lanes.times(x2, 6270));
  const x0 = v128.load(from);
  const x4 = v128.load(from, 128);
  const sum = i32x4.add(i32x4.shl(i32x4.add(x0, x4), 13), rounding);
  const difference = i32x4.add(i32x4.shl(i32x4.sub(x0, x4), 13), rounding);
  const e0 = i32x4.add(sum, outer);
  const e3 = i32x4.sub(sum, outer);
  const e1 = i32x4.add(difference, inner);
  const e2 = i32x4.sub(difference, inner);

  const x7 = v128.load(from, 224);
  const x5 = v128.load(from, 160);
  const x3 = v128.load(from, 96);
  const x1 = v128.load(from, 32);
  const z3 = i32x4.add(x7, x3);
  const z4 = i32x4.add(x5, x1);
  const z5 = Lanes.times(i32x4.add(z3, z4), 9633);
  const z1 = Lanes.times(i32x4.add(x7, x1), -7373);
  const z2 = Lanes.times(i32x4.add(x5, x3), -20995);
  const y3 = i32x4.add(Lanes.times(z3, -16069), z5);
  const y4 = i32x4.add(Lanes.times(z4, -3196), z5);
  const o3 = i32x4.add(Lanes.times(x7, 2446), i32x4.add(z1, y3));
  const o2 = i32x4.add(Lanes.times(x5, 16819), i32x4.add(z2, y4));
  const o1 = i32x4.add(Lanes.times(x3, 25172), i32x4.add(z2, y3));
  const o0 = i32x4.add(Lanes.times(x1, 12299), i32x4.add(z1, y4));

  Lanes.storeTurned(
    to,
    i32x4.shr_s(i32x4.add(e0, o0), shift),
    i32x4.shr_s(i32x4.add(e1, o1), shift),
    i32x4.shr_s(i32x4.add(e2, o2), shift),
    i32x4.shr_s(i32x4.add(e3, o3), shift),
  );
  Lanes.storeTurned(
    to + 16,
    i32x4.shr_s(i32x4.sub(e3, o3), shift),
    i32x4.shr_s(i32x4.sub(e2, o2), shift),
    i32x4.shr_s(i32x4.sub(e1, o1), shift),
    i32x4.shr_s(i32x4.sub(e0, o0), shift),
  );
}

/** A block's pixels; leaves the block 0. `work`: 64 × i32. */
function writeBlock(block: usize, work: usize, last: i32, plane: usize, stride: usize): void {
  const middle = i32x4.splat(128);
  if (last == 0) {
    const value = i32x4.splat((((load<i32>(block) << 2) + 16) >> 5) + 128);
    const words = i16x8.narrow_i32x4_s(value, value);
    const bytes = i8x16.narrow_i16x8_u(words, words);
    for (let y = 0; y < 8; y++) v128.store64_lane(plane + <usize>y * stride, bytes, 0);
    store<i32>(block, 0);
    return;
  }
  transform(block, work, 11);
  transform(block + 16, work + 128, 11);
  transform(work, block, 18);
  transform(work + 16, block + 128, 18);
  const zero = i32x4.splat(0);
  for (let y = 0; y < 8; y++) {
    const row = block + (<usize>y << 5);
    const words = i16x8.narrow_i32x4_s(i32x4.add(v128.load(row), middle), i32x4.add(v128.load(row, 16), middle));
    v128.store64_lane(plane + <usize>y * stride, i8x16.narrow_i16x8_u(words, words), 0);
    v128.store(row, zero);
    v128.store(row, zero, 16);
  }
}

/** Four pixels of a plane. */
@inline
function fourOf(plane: usize): v128 {
  return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(plane)));
}

/** Luma and two colour differences to RGB, 16-bit constants of JFIF; writes up to 13 bytes past each row. */
function writeColours(luma: usize, blue: usize, red: usize, stride: usize, width: i32, height: i32, out: usize): void {
  const middle = i32x4.splat(128);
  const half = i32x4.splat(32768);
  for (let y = 0; y < height; y++) {
    const row = <usize>y * stride;
    const to = out + <usize>(y * width * 3);
    for (let x = 0; x < width; x += 4) {
      const place = row + <usize>x;
      const Y = fourOf(luma + place);
      const cb = i32x4.sub(fourOf(blue + place), middle);
      const cr = i32x4.sub(fourOf(red + place), middle);
      const r = i32x4.add(Y, i32x4.shr_s(i32x4.add(Lanes.times(cr, 91881), half), 16));
      const b = i32x4.add(Y, i32x4.shr_s(i32x4.add(Lanes.times(cb, 116130), half), 16));
      const mixed = i32x4.add(i32x4.add(Lanes.times(cb, -22554), half), Lanes.times(cr, -46802));
      const g = i32x4.add(Y, i32x4.shr_s(mixed, 16));
      const packed = v128.or(
        v128.or(Lanes.clip(r), i32x4.shl(Lanes.clip(g), 8)),
        i32x4.shl(Lanes.clip(b), 16),
      );
      v128.store(
        to + <usize>(x * 3),
        i8x16.shuffle(packed, packed, 0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 15, 15, 15, 15),
      );
    }
  }
}

/**
 * The pixels of a scan. `frame` is a list of u32: data, its end, components (1 or 3), blocks across, blocks down, width, height, a block of
 * 64 × i32 of 0, a second one, the 64 places of a block in the order of the file (bytes), out; then for each component the address of its first
 * number (i32 of 0), its two tables, its quantisers (64 × i32 in the order of the file) and its plane (multiples of 8 pixels).
 * Returns 0, or 1 where the data is damaged.
 */
export function decode(frame: usize): i32 {
  at = <usize>load<u32>(frame);
  end = <usize>load<u32>(frame, 4);
  const components = <i32>load<u32>(frame, 8);
  const across = <i32>load<u32>(frame, 12);
  const down = <i32>load<u32>(frame, 16);
  const width = <i32>load<u32>(frame, 20);
  const height = <i32>load<u32>(frame, 24);
  const block = <usize>load<u32>(frame, 28);
  const work = <usize>load<u32>(frame, 32);
  const order = <usize>load<u32>(frame, 36);
  const out = <usize>load<u32>(frame, 40);
  const parts = frame + 44;
  const stride = <usize>(across << 3);
  bits = 0;
  count = 0;
  invented = 0;
  for (let y = 0; y < down; y++) {
    for (let x = 0; x < across; x++) {
      for (let c = 0; c < components; c++) {
        const part = parts + <usize>(c * 20);
        const last = readBlock(
          block,
          <usize>load<u32>(part),
          <usize>load<u32>(part, 4),
          <usize>load<u32>(part, 8),
          <usize>load<u32>(part, 12),
          order,
        );
        if (last < 0) return 1;
        writeBlock(block, work, last, <usize>load<u32>(part, 16) + (<usize>y * stride + <usize>x) * 8, stride);
      }
    }
  }
  if (invented > count) return 1; // some that were invented were read
  const luma = <usize>load<u32>(parts, 16);
  if (components == 3) {
    writeColours(luma, <usize>load<u32>(parts, 36), <usize>load<u32>(parts, 56), stride, width, height, out);
  } else {
    for (let y = 0; y < height; y++) memory.copy(out + <usize>(y * width), luma + <usize>y * stride, width);
  }
  return 0;
}
