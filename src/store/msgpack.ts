import { shortText } from './short-texts.js';

/** What our records are made of. A `Map` is written in its own order; its keys may be byte strings. */
export type MsgpackValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Float32Scalar
  | Float64Scalar
  | readonly MsgpackValue[]
  | ReadonlyMap<string | Uint8Array, MsgpackValue>;

/** A number to be written in 4 bytes, whether or not it is whole. */
export class Float32Scalar {
  constructor(readonly value: number) {}
}

/** A number to be written in 8 bytes, whether or not it is whole. */
export class Float64Scalar {
  constructor(readonly value: number) {}
}

/**
 * MessagePack bytes of a value. Integers take their shortest form, so equal values give equal bytes; a plain number must be a safe integer.
 *
 * @throws TypeError for a plain number that is not a safe integer.
 *
 * Source: the MessagePack specification (msgpack/msgpack, spec.md).
 */
export function encodeMsgpack(value: MsgpackValue): Uint8Array {
  const writer = new Writer();
  writer.write(value);
  return writer.bytes();
}

/**
 * The value of MessagePack bytes: maps as `Map`, whose byte-string keys are turned into text; integers as `number`, or as `bigint`
 * beyond 2^53; byte strings as views of `bytes`.
 *
 * @throws RangeError for bytes that end early, go on, or are of a kind that we do not write.
 */
export function decodeMsgpack(bytes: Uint8Array): DecodedMsgpack {
  const reader = new Reader(bytes);
  const value = reader.read(0);
  if (!reader.atEnd) throw new RangeError('MessagePack: bytes after the end.');
  return value;
}

/** What `decodeMsgpack` gives. */
export type DecodedMsgpack =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly DecodedMsgpack[]
  | ReadonlyMap<string, DecodedMsgpack>;

class Writer {
  #bytes = Buffer.allocUnsafeSlow(4096);
  #at = 0;

  bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes.subarray(0, this.#at));
  }

  write(value: MsgpackValue): void {
    if (value === null) this.#byte(0xc0);
    else if (typeof value === 'boolean') this.#byte(value ? 0xc3 : 0xc2);
    else if (typeof value === 'bigint') this.#integer(value);
    else if (typeof value === 'number') {
      if (!Number.isSafeInteger(value)) throw new TypeError(`MessagePack: ${value} is not a safe integer.`);
      this.#integer(BigInt(value));
    } else if (typeof value === 'string') {
      const text = Buffer.from(value);
      this.#head(text.length, 0xa0, 32, [0xd9, 0xda, 0xdb]);
      this.#raw(text);
    } else if (value instanceof Uint8Array) {
      this.#head(value.length, 0, 0, [0xc4, 0xc5, 0xc6]);
      this.#raw(value);
    } else if (value instanceof Float32Scalar) {
      this.#byte(0xca);
      this.#at = this.#room(4).writeFloatBE(value.value, this.#at);
    } else if (value instanceof Float64Scalar) {
      this.#byte(0xcb);
      this.#at = this.#room(8).writeDoubleBE(value.value, this.#at);
    } else if (value instanceof Map) {
      const map = value as ReadonlyMap<string | Uint8Array, MsgpackValue>;
      this.#head(map.size, 0x80, 16, [null, 0xde, 0xdf]);
      for (const [key, item] of map) {
        this.write(key);
        this.write(item);
      }
    } else {
      const list = value as readonly MsgpackValue[];
      this.#head(list.length, 0x90, 16, [null, 0xdc, 0xdd]);
      for (const item of list) this.write(item);
    }
  }

  #integer(value: bigint): void {
    if (value >= 0n) {
      if (value < 0x80n) this.#byte(Number(value));
      else if (value < 0x100n) this.#number(0xcc, 1, value);
      else if (value < 0x1_0000n) this.#number(0xcd, 2, value);
      else if (value < 0x1_0000_0000n) this.#number(0xce, 4, value);
      else this.#number(0xcf, 8, value);
    } else if (value >= -0x20n) this.#byte(Number(value) + 0x100);
    else if (value >= -0x80n) this.#number(0xd0, 1, value);
    else if (value >= -0x8000n) this.#number(0xd1, 2, value);
    else if (value >= -0x8000_0000n) this.#number(0xd2, 4, value);
    else this.#number(0xd3, 8, value);
  }

  #number(mark: number, bytes: 1 | 2 | 4 | 8, value: bigint): void {
    this.#byte(mark);
    const room = this.#room(bytes);
    const bits = BigInt.asUintN(8 * bytes, value);
    if (bytes === 8) this.#at = room.writeBigUInt64BE(bits, this.#at);
    else this.#at = room.writeUIntBE(Number(bits), this.#at, bytes);
  }

  #head(length: number, short: number, below: number, marks: readonly [number | null, number, number]): void {
    if (length < below) this.#byte(short | length);
    else if (marks[0] !== null && length < 0x100) this.#number(marks[0], 1, BigInt(length));
    else if (length < 0x1_0000) this.#number(marks[1], 2, BigInt(length));
    else this.#number(marks[2], 4, BigInt(length));
  }

  #byte(value: number): void {
    this.#room(1)[this.#at++] = value;
  }

  #raw(data: Uint8Array): void {
    this.#room(data.length).set(data, this.#at);
    this.#at += data.length;
  }

  #room(bytes: number): Buffer {
    if (this.#at + bytes > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(this.#at + bytes, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.#at));
      this.#bytes = grown;
    }
    return this.#bytes;
  }
}

const deepest = 32;
const noBytes = new Uint8Array(0);

class Reader {
  readonly #bytes: Uint8Array;
  #view: DataView | null = null;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  read(depth: number): DecodedMsgpack {
    if (depth > deepest) throw new RangeError('MessagePack: nested too deep.');
    const mark = this.#unsigned(1);
    if (mark < 0x80) return mark;
    if (mark < 0x90) return this.#map(mark & 0x0f, depth);
    if (mark < 0xa0) return this.#list(mark & 0x0f, depth);
    if (mark < 0xc0) return this.#text(mark & 0x1f);
    if (mark >= 0xe0) return mark - 0x100;
    switch (mark) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#take(this.#unsigned(1 << (mark - 0xc4)));
      case 0xca:
        return this.#numbers().getFloat32(this.#skip(4));
      case 0xcb:
        return this.#numbers().getFloat64(this.#skip(8));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#unsigned(1 << (mark - 0xcc));
      case 0xcf:
        return narrow(this.#numbers().getBigUint64(this.#skip(8)));
      case 0xd0:
        return this.#numbers().getInt8(this.#skip(1));
      case 0xd1:
        return this.#numbers().getInt16(this.#skip(2));
      case 0xd2:
        return this.#numbers().getInt32(this.#skip(4));
      case 0xd3:
        return narrow(this.#numbers().getBigInt64(this.#skip(8)));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#unsigned(1 << (mark - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#list(this.#unsigned(2 << (mark - 0xdc)), depth);
      case 0xde:
      case 0xdf:
        return this.#map(this.#unsigned(2 << (mark - 0xde)), depth);
      default:
        throw new RangeError(`MessagePack: mark ${mark} is not one that we write.`);
    }
  }

  #list(length: number, depth: number): readonly DecodedMsgpack[] {
    this.#check(length);
    const list: DecodedMsgpack[] = [];
    for (let i = 0; i < length; i++) list.push(this.read(depth + 1));
    return list;
  }

  #map(length: number, depth: number): ReadonlyMap<string, DecodedMsgpack> {
    this.#check(length);
    const map = new Map<string, DecodedMsgpack>();
    for (let i = 0; i < length; i++) {
      const key = this.#key(depth + 1);
      map.set(key, this.read(depth + 1));
    }
    return map;
  }

  #key(depth: number): string {
    if (this.#bytes[this.#at] === 0xc4 && this.#at + 1 < this.#bytes.length) {
      const length = this.#bytes[this.#at + 1]!;
      this.#skip(2);
      return this.#short(length) ?? Buffer.from(this.#take(length)).toString('latin1');
    }
    const key = this.read(depth);
    if (typeof key === 'string') return key;
    if (key instanceof Uint8Array) return Buffer.from(key).toString('latin1');
    throw new RangeError('MessagePack: a map key is neither text nor bytes.');
  }

  #text(length: number): string {
    return this.#short(length) ?? Buffer.from(this.#take(length)).toString();
  }

  #short(length: number): string | null {
    this.#check(length);
    const text = shortText(this.#bytes, this.#at, length);
    if (text !== null) this.#at += length;
    return text;
  }

  #unsigned(bytes: number): number {
    const at = this.#skip(bytes);
    let value = this.#bytes[at]!;
    for (let i = 1; i < bytes; i++) value = value * 256 + this.#bytes[at + i]!;
    return value;
  }

  #numbers(): DataView {
    const { buffer, byteOffset, byteLength } = this.#bytes;
    return (this.#view ??= new DataView(buffer, byteOffset, byteLength));
  }

  #take(length: number): Uint8Array {
    const at = this.#skip(length);
    if (length === 0) return noBytes;
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + at, length); // a Buffer's subarray takes longer
  }

  #skip(length: number): number {
    this.#check(length);
    const at = this.#at;
    this.#at += length;
    return at;
  }

  /** Every item takes at least a byte, so a length beyond the end is found before anything is allocated for it. */
  #check(length: number): void {
    if (this.#at + length > this.#bytes.length) throw new RangeError('MessagePack: the bytes end early.');
  }
}

function narrow(value: bigint): number | bigint {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}
