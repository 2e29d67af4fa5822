/** A video as it was and as it was predicted. */
export interface FuturePanels {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** Frames that were seen. */
  readonly observed: number;
  /** float32 [frames, height, width, channels] in 0–1: those seen, then as many true ones of the future as the video has. */
  readonly truth: Float32Array;
  /** float32 [steps, height, width, channels] in 0–1 each: one future a panel. */
  readonly futures: readonly Float32Array[];
  readonly steps: number;
}

const border = 3;
const gap = 4;
const smallestSide = 160; // pixels a panel is enlarged to
const colours = { ground: [24, 24, 27], seen: [82, 82, 91], truth: [34, 139, 84], future: [217, 119, 6] } as const;

/**
 * Frames that show the truth on the left and every future beside it. A border is grey while frames are seen; then it is green around the
 * truth and orange around what is predicted. Where the video has ended, the truth's panel is empty.
 *
 * @returns `frames` uint8 [height, width, 3] each, RGB; even sizes, as video codecs want them.
 */
export function drawFutures(panels: FuturePanels): {
  readonly frames: readonly Uint8Array[];
  readonly width: number;
  readonly height: number;
} {
  const { truth, futures, observed, steps } = panels;
  const scale = Math.max(1, Math.round(smallestSide / Math.min(panels.width, panels.height)));
  const [innerWidth, innerHeight] = [panels.width * scale, panels.height * scale];
  const [cellWidth, cellHeight] = [innerWidth + 2 * border, innerHeight + 2 * border];
  const count = 1 + futures.length;
  const even = (size: number) => size + (size % 2);
  const width = even(count * cellWidth + (count + 1) * gap);
  const height = even(cellHeight + 2 * gap);
  const size = panels.width * panels.height * panels.channels;
  const known = truth.length / size;
  const frames = Array.from({ length: observed + steps }, (_, t) => {
    const canvas = new Uint8Array(width * height * 3);
    for (let i = 0; i < canvas.length; i++) canvas[i] = colours.ground[i % 3]!;
    for (let panel = 0; panel < count; panel++) {
      const isTruth = panel === 0;
      const picture =
        isTruth || t < observed
          ? t < known
            ? truth.subarray(t * size, (t + 1) * size)
            : null
          : futures[panel - 1]!.subarray((t - observed) * size, (t - observed + 1) * size);
      const colour = colours[t < observed ? 'seen' : isTruth ? 'truth' : 'future'];
      const left = gap + panel * (cellWidth + gap);
      fillBox(canvas, width, { left, top: gap, width: cellWidth, height: cellHeight }, colour);
      const inside = { left: left + border, top: gap + border, width: innerWidth, height: innerHeight };
      if (picture) drawPicture(canvas, width, { picture, panels, scale, ...inside });
      else fillBox(canvas, width, inside, colours.ground);
    }
    return canvas;
  });
  return { frames, width, height };
}

interface Place {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

function fillBox(canvas: Uint8Array, stride: number, place: Place, colour: readonly number[]): void {
  for (let y = place.top; y < place.top + place.height; y++) {
    for (let x = place.left; x < place.left + place.width; x++) canvas.set(colour, (y * stride + x) * 3);
  }
}

function drawPicture(
  canvas: Uint8Array,
  stride: number,
  {
    picture,
    panels,
    scale,
    left,
    top,
    width,
    height,
  }: Place & { readonly picture: Float32Array; readonly panels: FuturePanels; readonly scale: number },
): void {
  const { channels } = panels;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (Math.floor(y / scale) * panels.width + Math.floor(x / scale)) * channels;
      const to = ((top + y) * stride + left + x) * 3;
      for (let c = 0; c < 3; c++) {
        const value = picture[from + (channels === 3 ? c : 0)]!;
        canvas[to + c] = Math.floor(Math.min(1, Math.max(0, value)) * 255 + 0.5);
      }
    }
  }
}
