import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from './environment.js';

/** A WebAssembly kernel with a memory of its own. */
export interface Kernel<E> {
  readonly exports: E;
  /** Grows on demand; take views of its buffer anew after each `reserve`. */
  readonly memory: { readonly buffer: ArrayBuffer };
  /** Makes sure of `bytes` from address `heapBase` on, and gives that address (16-byte aligned). */
  readonly reserve: (bytes: number) => number;
}

interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** The part of WebAssembly's interface that is used here: neither Node's types nor ES2023 declare it. */
interface WebAssemblyGlobal {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Memory: new (descriptor: { readonly initial: number }) => Memory;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
}

const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssemblyGlobal };
const pageBytes = 65_536;
const modules = new Map<string, object>();

/**
 * A new instance of a kernel that the build compiled from `src/<path>.as.ts` (AssemblyScript with SIMD, no runtime: the
 * caller lays out the memory). Modules are compiled once a process.
 *
 * @param path below `src`, without extension, such as `vision/kernels/correlation`.
 * @param beside a kernel whose memory this one is to share, as what it was given to work on lies there.
 * @throws Error if `npm run build` has not been run.
 */
export function loadKernel<E extends object>(path: string, beside?: Pick<Kernel<object>, 'memory'>): Kernel<E> {
  let module = modules.get(path);
  if (!module) {
    const file = join(packageRoot(), 'dist', `${path}.wasm`);
    if (!existsSync(file)) throw new Error(`${file} is missing: run npm run build.`);
    module = new WebAssembly.Module(readFileSync(file));
    modules.set(path, module);
  }
  const memory = (beside?.memory as Memory | undefined) ?? new WebAssembly.Memory({ initial: 1 });
  const { exports } = new WebAssembly.Instance(module, { env: { memory, abort } });
  const heapBase = 1024; // kernels keep no static data beyond this
  return {
    exports: exports as E,
    memory,
    reserve: (bytes) => {
      const missing = heapBase + bytes - memory.buffer.byteLength;
      if (missing > 0) memory.grow(Math.ceil(missing / pageBytes));
      return heapBase;
    },
  };
}

function abort(): never {
  throw new Error('A WebAssembly kernel aborted.');
}
