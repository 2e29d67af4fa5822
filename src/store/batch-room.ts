import { takeRoom, typedArrays, type BatchArray, type DtypeArrays, type PreparedSample } from '../core/index.js';

/** Buffers that nobody reads any more, for the next batches. */
export interface BufferPool {
  /** One of exactly so many bytes, which hold anything. */
  take(bytes: number): ArrayBuffer;
  give(buffers: readonly ArrayBuffer[]): void;
}

const keptBuffers = 16;

/** An empty pool. */
export function createBufferPool(): BufferPool {
  const free: ArrayBuffer[] = [];
  return {
    take(bytes) {
      const at = free.findIndex((buffer) => buffer.byteLength === bytes);
      return at < 0 ? new ArrayBuffer(bytes) : (free.splice(at, 1)[0] as ArrayBuffer);
    },
    give(buffers) {
      free.push(...buffers);
      if (free.length > keptBuffers) free.splice(0, free.length - keptBuffers);
    },
  };
}

interface Room {
  readonly dtype: BatchArray['dtype'];
  readonly shape: readonly number[];
  readonly buffer: ArrayBuffer;
  /** Of one sample. */
  readonly bytes: number;
}

type TypedArray = Exclude<BatchArray['data'], BigInt64Array>;
type ArrayType = (new (buffer: ArrayBuffer, at: number, length: number) => TypedArray) & { BYTES_PER_ELEMENT: number };

/** The arrays of one batch. A sample may fill its part in place; what it made elsewhere is copied in. */
export class BatchRoom {
  readonly #samples: number;
  readonly #pool: BufferPool;
  readonly #rooms = new Map<string, Room>();
  readonly #columns = new Map<string, TypedArray>();
  #first: { readonly key: string; readonly sample: PreparedSample } | null = null;

  constructor(samples: number, pool: BufferPool) {
    this.#samples = samples;
    this.#pool = pool;
  }

  /** Where one sample's array lies; an array of its own where it differs from the first sample's. */
  take<D extends BatchArray['dtype']>(slot: number, name: string, dtype: D, shape: readonly number[]): DtypeArrays[D] {
    const length = shape.reduce((a, b) => a * b, 1);
    const Type = typedArrays[dtype] as unknown as ArrayType;
    const room = this.#rooms.get(name) ?? this.#open(name, { dtype, shape, bytes: length * Type.BYTES_PER_ELEMENT });
    if (room.dtype !== dtype || room.shape.join() !== shape.join()) return takeRoom(undefined, name, dtype, shape);
    return new Type(room.buffer, slot * room.bytes, length) as unknown as DtypeArrays[D];
  }

  /** Puts what was prepared of one sample into its place, unless it was made there; a TypeError names a sample that differs from the first. */
  put(slot: number, key: string, sample: PreparedSample): void {
    this.#first ??= { key, sample };
    checkAlike(this.#first.sample, sample, [this.#first.key, key]);
    for (const [name, { data }] of Object.entries(sample)) {
      const out = this.#column(name, sample[name]!);
      const made = data as TypedArray;
      const isInPlace = made.buffer === out.buffer && made.byteOffset === slot * made.byteLength;
      if (!isInPlace) out.set(made, slot * made.length);
    }
  }

  /** The samples that were put, united along a new first axis. */
  stack(): Record<string, BatchArray> {
    return Object.fromEntries(
      Object.entries(this.#first?.sample ?? {}).map(([name, { dtype, shape }]) => {
        return [name, { dtype, shape: [this.#samples, ...shape], data: this.#columns.get(name)! }];
      }),
    );
  }

  /** The array that one array of every sample makes, in the room that was taken under its name where that is of its size. */
  #column(name: string, { dtype, shape, data }: BatchArray): TypedArray {
    const known = this.#columns.get(name);
    if (known) return known;
    const room = this.#rooms.get(name);
    const bytes = data.byteLength;
    const { buffer } = room?.bytes === bytes ? room : this.#open(name, { dtype, shape, bytes });
    const column = new (data.constructor as ArrayType)(buffer, 0, data.length * this.#samples);
    this.#columns.set(name, column);
    return column;
  }

  #open(name: string, room: Omit<Room, 'buffer'>): Room {
    const opened = { ...room, buffer: this.#pool.take(room.bytes * this.#samples) };
    this.#rooms.set(name, opened);
    return opened;
  }
}

function checkAlike(first: PreparedSample, sample: PreparedSample, keys: readonly [string, string]): void {
  for (const name of new Set([...Object.keys(first), ...Object.keys(sample)])) {
    const [a, b] = [first[name], sample[name]];
    if (!a || !b || a.dtype !== b.dtype || a.shape.join() !== b.shape.join() || b.data.length !== a.data.length) {
      throw new TypeError(`Array ${name} of sample ${keys[1]} is ${describe(b)}, of ${keys[0]} it is ${describe(a)}.`);
    }
  }
}

function describe(array: BatchArray | undefined): string {
  return array ? `${array.dtype} [${array.shape.join(', ')}]` : 'missing';
}
