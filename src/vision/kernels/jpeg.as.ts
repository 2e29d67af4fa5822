// Baseline JPEG with all components at full size, to the byte what libjpeg's default decoder gives: see ../jpeg.ts.

import { writeBlock, writeColours } from './jpeg-pixels.as';

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
    store<i32>(table + placesAt + ((<usize>length) << 2), place - code);
    for (let i = 0; i < number; i++, code++, place++) {
      if (code >= 1 << length || place >= total) return 1;
      if (length > lookAhead) continue;
      const entry = <u16>((length << 8) | (<i32>load<u8>(table + symbolsAt + <usize>place)));
      const first = code << (lookAhead - length);
      for (let k = 0; k < 1 << (lookAhead - length); k++) store<u16>(table + ((<usize>(first + k)) << 1), entry);
    }
    store<i32>(table + endsAt + ((<usize>length) << 2), code);
    code <<= 1;
  }
  return 0;
}

/** Small steps that are always compiled in place: only methods of a class can say so. */
class Bits {
  /** Makes sure of 32 bits. */
  @inline
  static refill(): void {
    if (count >= 32) return;
    const word = load<u32>(at); // behind the data are zeros
    if (at + 4 <= end && ((~word - 0x01010101) & word & 0x80808080) == 0) {
      bits = (bits << 32) | (<u64>bswap<u32>(word));
      count += 32;
      at += 4;
    } else refillSlowly();
  }

  @inline
  static peek(size: i32): i32 {
    return (<i32>(bits >> (<u64>(count - size)))) & ((1 << size) - 1);
  }

  /** The next symbol, or -1. */
  @inline
  static readSymbol(table: usize): i32 {
    const entry = <i32>load<u16>(table + ((<usize>Bits.peek(lookAhead)) << 1));
    if (entry) {
      count -= entry >> 8;
      return entry & 255;
    }
    return readLongSymbol(table);
  }

  /** A number of `size` bits whose first bit, if 0, says that it is negative. */
  @inline
  static readNumber(size: i32): i32 {
    const value = Bits.peek(size);
    count -= size;
    return value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
  }
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

function readLongSymbol(table: usize): i32 {
  for (let length = lookAhead + 1; length <= 16; length++) {
    const code = Bits.peek(length);
    if (code < load<i32>(table + endsAt + ((<usize>length) << 2))) {
      const place = code + load<i32>(table + placesAt + ((<usize>length) << 2));
      if (place < 0 || place > 255) return -1;
      count -= length;
      return <i32>load<u8>(table + symbolsAt + <usize>place);
    }
  }
  return -1;
}

/** One block's numbers, dequantised, at `block` (64 × i32 of 0). Returns the last place that is not 0, or -1. `dc`: address of the last block's first number. */
function readBlock(block: usize, dc: usize, dcTable: usize, acTable: usize, quant: usize, order: usize): i32 {
  Bits.refill();
  const size = Bits.readSymbol(dcTable);
  if (size < 0 || size > 15) return -1;
  const first = load<i32>(dc) + (size ? Bits.readNumber(size) : 0);
  store<i32>(dc, first);
  store<i32>(block, first * load<i32>(quant));
  let last = 0;
  for (let k = 1; k < 64; k++) {
    Bits.refill();
    const symbol = Bits.readSymbol(acTable);
    if (symbol < 0) return -1;
    const bitsOf = symbol & 15;
    if (bitsOf == 0) {
      if (symbol != 0xf0) break;
      k += 15;
      continue;
    }
    k += symbol >> 4;
    if (k > 63) return -1;
    store<i32>(
      block + ((<usize>load<u8>(order + <usize>k)) << 2),
      Bits.readNumber(bitsOf) * load<i32>(quant + ((<usize>k) << 2)),
    );
    last = k;
  }
  return last;
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
