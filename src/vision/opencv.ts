import { createRequire } from 'node:module';

/** Anything that lives in OpenCV's own memory until it is deleted. */
export interface NativeObject {
  delete(): void;
}

/** OpenCV's array. Its views die when OpenCV's memory grows: take them anew after each call. */
export interface Mat extends NativeObject {
  readonly rows: number;
  readonly cols: number;
  readonly data: Uint8Array;
  readonly data32F: Float32Array;
}

/** What we use of OpenCV 4.3 compiled to WebAssembly; its package declares no usable types. */
export interface Opencv {
  readonly Mat: new (rows?: number, columns?: number, type?: number) => Mat;
  readonly CV_8UC1: number;
  readonly CV_8UC3: number;
  readonly GC_INIT_WITH_MASK: number;
  calcOpticalFlowFarneback(
    previous: Mat,
    next: Mat,
    flow: Mat,
    pyramidScale: number,
    levels: number,
    windowSize: number,
    iterations: number,
    polynomialSize: number,
    polynomialSigma: number,
    flags: number,
  ): void;
  grabCut(
    picture: Mat,
    mask: Mat,
    rectangle: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
    backgroundModel: Mat,
    foregroundModel: Mat,
    rounds: number,
    mode: number,
  ): void;
  setRNGSeed(seed: number): void;
  getBuildInformation(): string;
  exceptionFromPtr(address: number): { readonly msg: string };
}

const watched = ['uncaughtException', 'unhandledRejection'] as const;
let loaded: Opencv | null = null;

/** OpenCV, loaded on first use (about 0.2 s) and once a process. */
export function loadOpencv(): Opencv {
  loaded ??= requireQuietly();
  return loaded;
}

/**
 * Runs `work` and then frees everything it passed through `hold`, newest first, whether it returned or threw.
 * What leaves `work` must be copied out of OpenCV's memory.
 *
 * @throws Error with OpenCV's own message where OpenCV refused.
 */
export function withMats<T>(work: (hold: <M extends NativeObject>(native: M) => M, cv: Opencv) => T): T {
  const cv = loadOpencv();
  const held: NativeObject[] = [];
  try {
    return work((native) => {
      held.push(native);
      return native;
    }, cv);
  } catch (thrown) {
    // OpenCV throws the address of its exception.
    throw typeof thrown === 'number' ? new Error(`OpenCV: ${cv.exceptionFromPtr(thrown).msg.trim()}`) : thrown;
  } finally {
    for (const native of held.reverse()) native.delete();
  }
}

/** Its loader adds process handlers that rethrow: a rejection we handle would still end the process. Only those are taken off. */
function requireQuietly(): Opencv {
  const before = watched.map((event) => process.rawListeners(event));
  try {
    return (createRequire(import.meta.url)('opencv-wasm') as { cv: Opencv }).cv;
  } finally {
    watched.forEach((event, i) => {
      for (const listener of process.rawListeners(event)) {
        if (!before[i]!.includes(listener)) process.removeListener(event, listener as () => void);
      }
    });
  }
}
