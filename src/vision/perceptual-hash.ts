import { resizeRgb } from './resize.js';

const side = 32;
const kept = 8;
const cosineOfStep = 0.9987954562051724; // cos(pi / 64), the step of a 32-point DCT-II

/**
 * A 64-bit hash that stays near when a picture is scaled, recompressed or brightened: signs of the 8×8 lowest
 * frequencies (the mean left out) of a 32×32 DCT against their median. A flat picture gives zeros.
 *
 * @param luma uint8 [height, width].
 * @returns 16 hexadecimal digits.
 */
export function perceptualHash(luma: Uint8Array, width: number, height: number): string {
  const small = resizeRgb(luma, width, height, side, side, 1);
  const rows = transform(Float64Array.from(small), side); // [32, 8]
  const coefficients = transform(transpose(rows, side, kept), kept); // [8, 8]
  const settled = coefficients.map((value) => (Math.abs(value) < 1e-6 ? 0 : value)); // rounding must not decide a bit
  const sorted = settled.toSorted();
  const median = (sorted[31]! + sorted[32]!) / 2;
  let hash = '';
  for (let i = 0; i < settled.length; i += 4) {
    let digit = 0;
    for (let k = 0; k < 4; k++) digit = digit * 2 + (settled[i + k]! > median ? 1 : 0);
    hash += digit.toString(16);
  }
  return hash;
}

/** Side of the pictures that `structureHash` takes. */
export const structureSide = side;

/**
 * Signs of the 64 lowest frequencies of a 32×32 DCT but the mean, lowest first: two words of 32 bits. Unlike `perceptualHash`, that of a
 * mirrored picture follows from it (`mirrorStructure`), and differences of pictures have one too.
 *
 * @param values [32, 32]: luma, or a difference of two pictures' luma.
 */
export function structureHash(values: Float64Array): readonly [number, number] {
  if (values.length !== side * side)
    throw new RangeError(`values must be ${side}×${side} numbers, got ${values.length}.`);
  const across = new Float64Array(side * reach); // [32 rows, frequencies]
  for (let y = 0; y < side; y++) {
    for (let u = 0; u < reach; u++) {
      let sum = 0;
      for (let x = 0; x < side; x++) sum += values[y * side + x]! * waves[u * side + x]!;
      across[y * reach + u] = sum;
    }
  }
  const words: [number, number] = [0, 0];
  frequencies.forEach(([u, v], i) => {
    let sum = 0;
    for (let y = 0; y < side; y++) sum += across[y * reach + u]! * waves[v * side + y]!;
    if (sum > 1e-6) words[i >> 5]! |= 1 << (i & 31);
  });
  return [words[0] >>> 0, words[1] >>> 0];
}

/** The hash that the picture would have, mirrored left to right: odd frequencies across change their sign. */
export function mirrorStructure([low, high]: readonly [number, number]): readonly [number, number] {
  return [(low ^ oddAcross[0]) >>> 0, (high ^ oddAcross[1]) >>> 0];
}

/** In how many of its bits one hash differs from another, 0–64. */
export function hashDistance(a: string, b: string): number {
  if (!/^[0-9a-f]{16}$/.test(a) || !/^[0-9a-f]{16}$/.test(b)) {
    throw new TypeError(`A hash is 16 hexadecimal digits, got ${JSON.stringify(a)} and ${JSON.stringify(b)}.`);
  }
  let different = 0;
  for (let bits = BigInt(`0x${a}`) ^ BigInt(`0x${b}`); bits > 0n; bits &= bits - 1n) different++;
  return different;
}

/** Frequencies of `structureHash` along one side. */
const reach = 11;
/** [across, down] of its bits: the lowest sums first, and of equals the more across. */
const frequencies = Array.from({ length: reach * reach }, (_, i) => [i % reach, Math.floor(i / reach)] as const)
  .sort(([u, v], [a, b]) => u + v - a - b || a - u)
  .slice(1, 65);
const oddAcross = frequencies.reduce<[number, number]>(
  (words, [u], i) => {
    if (u % 2 === 1) words[i >> 5]! |= 1 << (i & 31);
    return words;
  },
  [0, 0],
);

/** DCT-II of each row of 32, frequencies 1 to 8. */
function transform(values: Float64Array, rows: number): Float64Array {
  const out = new Float64Array(rows * kept);
  for (let row = 0; row < rows; row++) {
    for (let frequency = 1; frequency <= kept; frequency++) {
      let sum = 0;
      for (let i = 0; i < side; i++) sum += values[row * side + i]! * cosines[((2 * i + 1) * frequency) % 128]!;
      out[row * kept + frequency - 1] = sum;
    }
  }
  return out;
}

function transpose(values: Float64Array, rows: number, columns: number): Float64Array {
  return values.map((_, i) => values[(i % rows) * columns + Math.floor(i / rows)]!);
}

/** cos(k pi / 64), k from 0 to 127, by recurrence: Math.cos is not the same on every Node version. */
const cosines = ((): Float64Array => {
  const out = new Float64Array(128);
  out[0] = 1;
  out[1] = cosineOfStep;
  for (let k = 2; k < 128; k++) out[k] = 2 * cosineOfStep * out[k - 1]! - out[k - 2]!;
  return out;
})();

/** float64 [frequencies of `structureHash`, 32]: the waves of the DCT-II. */
const waves = Float64Array.from(
  { length: reach * side },
  (_, i) => cosines[((2 * (i % side) + 1) * Math.floor(i / side)) % 128]!,
);
