import type { StereoTag } from '../core/index.js';

/** How the units of a stream are divided: by start codes, or by lengths of so many bytes. */
export type UnitDivision = 'start-codes' | 1 | 2 | 3 | 4;

const packings = ['checkerboard', 'columns', 'rows', 'sbs', 'tb', 'alternating'] as const;
const startCode = Buffer.from([0, 0, 1]);
const framePacking = 45; // the message's number in H.264 and in H.265

/**
 * The frame-packing message among the first units of an H.264 or H.265 stream; null where there is none.
 *
 * Source: ITU-T H.264 (2021), D.1.26 and D.2.26; H.265 has the same fields.
 */
export function readFramePacking(
  bytes: Uint8Array,
  codec: 'h264' | 'h265' | 'unknown',
  division: UnitDivision,
): Pick<StereoTag, 'arrangement' | 'order'> | null {
  for (const unit of unitsOf(bytes, division)) {
    const type = unit[0]!;
    const is264 = codec !== 'h265' && (type & 0x9f) === 6;
    const is265 = codec !== 'h264' && type >> 1 === 39 && unit.length > 2;
    if (!is264 && !is265) continue;
    const found = readMessages(withoutGuards(unit.subarray(is264 ? 1 : 2)));
    if (found) return found;
  }
  return null;
}

function* unitsOf(bytes: Uint8Array, division: UnitDivision): Generator<Uint8Array> {
  if (division !== 'start-codes') {
    for (let at = 0; at + division < bytes.length;) {
      let length = 0;
      for (let i = 0; i < division; i++) length = length * 256 + bytes[at + i]!;
      at += division;
      if (length > 0 && at < bytes.length) yield bytes.subarray(at, at + length);
      at += length;
    }
    return;
  }
  const searched = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let start = -1;
  for (let i = searched.indexOf(startCode); i >= 0 && i + 3 < bytes.length; i = searched.indexOf(startCode, i + 3)) {
    if (start >= 0 && i > start) yield bytes.subarray(start, i);
    start = i + 3;
  }
  if (start >= 0 && start < bytes.length) yield bytes.subarray(start);
}

/** Without the 3 that stands after two zeros so that no start code appears. */
function withoutGuards(unit: Uint8Array): Uint8Array {
  const out: number[] = [];
  let zeros = 0;
  for (const byte of unit.subarray(0, 4096)) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    out.push(byte);
  }
  return Uint8Array.from(out);
}

function readMessages(bytes: Uint8Array): Pick<StereoTag, 'arrangement' | 'order'> | null {
  let at = 0;
  const number = (): number => {
    let value = 0;
    while (bytes[at] === 255) {
      value += 255;
      at++;
    }
    return value + (bytes[at++] ?? 0);
  };
  while (at + 2 < bytes.length) {
    const type = number();
    const length = number();
    if (type === framePacking) return readPacking(bytes.subarray(at, at + length));
    at += length;
  }
  return null;
}

function readPacking(bytes: Uint8Array): Pick<StereoTag, 'arrangement' | 'order'> | null {
  let place = 0;
  const bits = (count: number): number => {
    let value = 0;
    for (let i = 0; i < count; i++, place++) value = value * 2 + (((bytes[place >> 3] ?? 0) >> (7 - (place & 7))) & 1);
    return value;
  };
  let zeros = 0;
  while (zeros < 32 && bits(1) === 0) zeros++; // the arrangement's id, an Exp-Golomb number
  bits(zeros);
  if (bits(1) === 1) return null; // an earlier message is taken back
  const arrangement = packings[bits(7)];
  bits(1); // quincunx sampling
  const first = bits(6);
  if (!arrangement) return null;
  return { arrangement, order: first === 1 ? 'left-first' : first === 2 ? 'right-first' : null };
}
