/** What one tuple looks like to rules that know nothing of order. */
export interface TrivialView {
  /** Mean colour and mean border colour of each frame, size of its stored picture in bytes, and its frame number modulo 12. */
  readonly features: readonly number[];
  /** Above 0 where the middle is nearer to both outer frames than they are to each other. */
  readonly betweenness: number;
}

/** GOPs of common encoders divide into 12: what is left of the frame number tells key frames from others. */
const gopFrames = 12;

/**
 * Looks at a tuple as trivial rivals do.
 * `frames` are three pictures, uint8 [3, size, size, 3]; `storedBytes` is the size of the stored picture of each, `frameNumbers` its
 * number in its video.
 */
export function viewTrivially({
  frames,
  size,
  storedBytes,
  frameNumbers,
}: {
  readonly frames: Uint8Array;
  readonly size: number;
  readonly storedBytes: readonly number[];
  readonly frameNumbers: readonly number[];
}): TrivialView {
  const length = size * size * 3;
  const pictures = [0, 1, 2].map((i) => frames.subarray(i * length, (i + 1) * length)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const [first, middle, last] = pictures;
  return {
    features: pictures.flatMap((picture, i) => [
      ...meanColour(picture, size, 0),
      ...meanColour(picture, size, 2),
      storedBytes[i]!,
      frameNumbers[i]! % gopFrames,
    ]),
    betweenness: meanDifference(first, last) - Math.max(meanDifference(first, middle), meanDifference(middle, last)),
  };
}

/** Mean of each channel over the picture, or over a frame of `border` pixels along its edge. */
function meanColour(picture: Uint8Array, size: number, border: number): number[] {
  const sums = [0, 0, 0];
  let count = 0;
  for (let at = 0; at < size * size; at++) {
    const [x, y] = [at % size, Math.floor(at / size)];
    if (border > 0 && Math.min(x, y, size - 1 - x, size - 1 - y) >= border) continue;
    count++;
    for (let c = 0; c < 3; c++) sums[c]! += picture[at * 3 + c]!;
  }
  return sums.map((sum) => sum / count);
}

function meanDifference(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]! - b[i]!);
  return sum / a.length;
}
