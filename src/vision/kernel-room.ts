import type { Kernel } from '../core/index.js';

/** Lays out a kernel's memory, piece by piece; `reserve` then makes sure of it. */
export class KernelRoom {
  readonly #kernel: Kernel<object>;
  readonly #start: number;
  #end: number;

  constructor(kernel: Kernel<object>) {
    this.#kernel = kernel;
    this.#start = kernel.reserve(0);
    this.#end = this.#start;
  }

  /** The address of `bytes` bytes, aligned to 16, with at least 64 more behind them that a kernel may touch. */
  take(bytes: number): number {
    const at = this.#end;
    this.#end += (bytes + 64 + 15) & ~15;
    return at;
  }

  /** The memory, all that was taken in it. */
  reserve(): ArrayBuffer {
    this.#kernel.reserve(this.#end - this.#start);
    return this.#kernel.memory.buffer;
  }
}
