import type { PatchTripletsConfig } from './config.js';

const memory = 12; // intervals
const step = 4; // every fourth pixel of every fourth row is looked at

/** How a frame follows the one before. */
export type Succession = 'cut' | 'same' | 'next';

const sameDifference = 0.05; // mean luma difference up to which a frame repeats the one before

/**
 * Watches for cuts that the manifest lacks, and for frames that are shown twice: `cut` where a frame differs from the one
 * before by more than `cutDifference`, and by `cutRatio` times the median of the last intervals.
 *
 * @returns a function to be given each luma frame, uint8 [height, width], in turn.
 */
export function createFrameWatch({
  cutDifference,
  cutRatio,
}: Pick<PatchTripletsConfig, 'cutDifference' | 'cutRatio'>): (luma: Uint8Array, width: number) => Succession {
  let previous: Uint8Array | null = null;
  const recent: number[] = [];
  return (luma, width) => {
    const before = previous;
    previous = luma;
    if (!before || before.length !== luma.length) return 'next';
    const jump = meanDifference(before, luma, width);
    const sorted = [...recent].sort((a, b) => a - b);
    const usual = sorted[(sorted.length - 1) >> 1] ?? 0;
    const isCut = jump > cutDifference && jump > cutRatio * usual;
    if (isCut) recent.length = 0;
    else recent.push(jump);
    if (recent.length > memory) recent.shift();
    return isCut ? 'cut' : jump <= sameDifference ? 'same' : 'next';
  };
}

function meanDifference(a: Uint8Array, b: Uint8Array, width: number): number {
  let sum = 0;
  let count = 0;
  for (let row = 0; row < a.length; row += step * width) {
    for (let i = row; i < row + width; i += step) {
      sum += Math.abs(a[i]! - b[i]!);
      count++;
    }
  }
  return sum / Math.max(1, count);
}
