import type { FramePixels } from '../../../src/eval/index.js';

const size = 32;

function frame(value: (x: number, y: number) => number): FramePixels {
  const data = Float64Array.from({ length: size * size }, (_, i) => value(i % size, Math.floor(i / size)));
  return { data, width: size, height: size, channels: 1 };
}

const box = (shift: number) => frame((x, y) => (y >= 8 && y <= 19 && x - shift >= 8 && x - shift <= 19 ? 1 : 0));
const ramp = frame((x, y) => ((7 * x + 13 * y) % 17) / 16);

/** Pairs of frames of 32×32 pixels, [truth, prediction], whose values were worked out in double precision elsewhere. */
export const frameCases: Readonly<Record<string, readonly [FramePixels, FramePixels]>> = {
  waves: [
    frame((x, y) => 0.5 + 0.5 * Math.sin(0.3 * x + 0.2 * y)),
    frame((x, y) => 0.5 + 0.5 * Math.sin(0.3 * x + 0.2 * y + 0.4)),
  ],
  plain: [frame(() => 0.5), frame(() => 0.6)],
  inverse: [ramp, { ...ramp, data: ramp.data.map((value) => 1 - value) }],
  shifted: [box(0), box(2)],
  black: [box(0), frame(() => 0)],
  blurred: [box(0), { ...box(0), data: box(0).data.map((value, i) => (value + box(2).data[i]!) / 2) }],
};

/** The frames of `golden/prediction-metrics.json`: sines of the flat index, and the same with something added. */
export function sineFrame(
  { height, width, channels }: { readonly height: number; readonly width: number; readonly channels: number },
  phase: number,
  added?: number,
): FramePixels {
  const data = Float64Array.from({ length: height * width * channels }, (_, n) => {
    const value = 0.5 + 0.5 * Math.sin(0.61 * n + 0.0007 * n * n + phase);
    return added === undefined ? value : Math.min(1, Math.max(0, value + 0.2 * Math.sin(2.3 * n + added)));
  });
  return { data, width, height, channels };
}
