const cells = 4;

/**
 * What a picture looks like to a rival that sees no shapes: mean colours of 4 × 4 cells, how much each channel varies over the picture, and
 * how many bytes its file has.
 *
 * @param picture uint8 [size, size, 3].
 */
export function viewTrivially(picture: Uint8Array, size: number, storedBytes: number): readonly number[] {
  const sums = new Float64Array(cells * cells * 3);
  const counts = new Float64Array(cells * cells);
  const [total, squares] = [new Float64Array(3), new Float64Array(3)];
  for (let at = 0; at < size * size; at++) {
    const [x, y] = [at % size, Math.floor(at / size)];
    const cell = Math.floor((y * cells) / size) * cells + Math.floor((x * cells) / size);
    counts[cell]!++;
    for (let c = 0; c < 3; c++) {
      const value = picture[3 * at + c]!;
      sums[3 * cell + c]! += value;
      total[c]! += value / (size * size);
      squares[c]! += (value * value) / (size * size);
    }
  }
  return [
    ...sums.map((sum, i) => sum / counts[Math.floor(i / 3)]!),
    ...squares.map((square, c) => Math.sqrt(Math.max(0, square - total[c]! * total[c]!))),
    storedBytes,
  ];
}
