/** Connected parts of a mask. */
export interface Components {
  /** int32 [height, width]: 0 outside the mask, else the number of the part from 1, in reading order. */
  readonly labels: Int32Array;
  /** Pixels of part n at n - 1. */
  readonly sizes: readonly number[];
}

/**
 * The connected parts of a mask; pixels that touch at a corner belong together.
 *
 * @param mask uint8 [height, width]; what is not 0 is in it.
 */
export function findComponents(mask: Uint8Array, width: number, height: number): Components {
  const labels = new Int32Array(mask.length);
  const sizes: number[] = [];
  const stack = new Int32Array(mask.length);
  for (let start = 0; start < mask.length; start++) {
    if (mask[start] === 0 || labels[start] !== 0) continue;
    const label = sizes.length + 1;
    let depth = 0;
    let size = 0;
    stack[depth++] = start;
    labels[start] = label;
    while (depth > 0) {
      const at = stack[--depth]!;
      size++;
      const x = at % width;
      const y = (at - x) / width;
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
          const next = v * width + u;
          if (mask[next] === 0 || labels[next] !== 0) continue;
          labels[next] = label;
          stack[depth++] = next;
        }
      }
    }
    sizes.push(size);
  }
  return { labels, sizes };
}
