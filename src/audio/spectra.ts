import { encodeFftPlan, loadKernel, type Kernel } from '../core/index.js';

interface SpectraExports {
  transform64(
    re: number,
    im: number,
    outRe: number,
    outIm: number,
    scratch: number,
    size: number,
    lanes: number,
    plan: number,
  ): void;
  compress(re: number, im: number, even: number, odd: number, rows: number): void;
  logMel(
    samples: number,
    hop: number,
    window: number,
    length: number,
    room: number,
    size: number,
    plan: number,
    mel: number,
    bands: number,
    floor: number,
    out: number,
  ): void;
}

/** The kernel of this area's spectra, with its memory. */
export interface Spectra {
  readonly call: SpectraExports;
  /** Address of so many bytes, kept from now on; invalidates views of the memory. */
  take(bytes: number): number;
  /** The memory; take views anew after `take`. */
  readonly buffer: ArrayBuffer;
  /** Address of a plan for transforms of this length and type, made once. */
  plan(size: number, type: 'float32' | 'float64'): number;
}

/**
 * An instance of the kernel of its own.
 *
 * @throws Error if `npm run build` has not been run; `plan` throws RangeError for lengths with prime factors above 5.
 */
export function createSpectra(): Spectra {
  const kernel: Kernel<SpectraExports> = loadKernel<SpectraExports>('audio/kernels/spectra');
  const start = kernel.reserve(0);
  let end = start;
  const plans = new Map<string, number>();
  const take = (bytes: number): number => {
    const at = end;
    end += (bytes + 15) & ~15;
    kernel.reserve(end - start);
    return at;
  };
  return {
    call: kernel.exports,
    take,
    get buffer() {
      return kernel.memory.buffer;
    },
    plan(size, type) {
      const key = `${size} ${type}`;
      const known = plans.get(key);
      if (known !== undefined) return known;
      const bytes = encodeFftPlan(size, type);
      const at = take(bytes.length);
      new Uint8Array(kernel.memory.buffer, at).set(bytes);
      plans.set(key, at);
      return at;
    },
  };
}
