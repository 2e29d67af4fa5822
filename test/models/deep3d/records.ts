import { createRandom, type Sample } from '../../../src/core/index.js';
import type { Deep3dConfig } from '../../../src/models/deep3d/config.js';
import { prepare } from '../../../src/models/deep3d/prepare.js';
import { encodeImage } from '../../../src/vision/image-codec.js';
import { createLoader } from '../loader.js';

const side = 48;

/** A stereo-pairs record made here: a textured board before a textured wall, in colours of their own; both stored without loss. */
export async function makeRecord(
  seed: number,
  { near = 2, far = -1, ignore = false }: { near?: number; far?: number; ignore?: boolean } = {},
): Promise<Sample> {
  const random = createRandom(`record ${seed}`);
  const noise = () => Uint8Array.from({ length: 3 * side * (side + 16) }, () => 60 + random.int(120));
  const [wall, board] = [noise(), noise()];
  const [x0, y0] = [8 + random.int(16), 8 + random.int(16)];
  const eye = (share: 0 | 1) =>
    Uint8Array.from({ length: 3 * side * side }, (_, i) => {
      const [x, y] = [Math.floor(i / 3) % side, Math.floor(i / (3 * side))];
      const own = x + share * near;
      const isBoard = own >= x0 && own < x0 + 16 && y >= y0 && y < y0 + 16;
      const at = isBoard ? own : x + share * far;
      return (isBoard ? board : wall)[3 * (y * (side + 16) + at + 8) + (i % 3)]!;
    });
  const png = (data: Uint8Array, channels: 1 | 3 = 3) => encodeImage(data, side, side, channels, { format: 'png' });
  const corner = Uint8Array.from({ length: side * side }, (_, i) => (i % side < 24 && i < 24 * side ? 255 : 0));
  return {
    key: `source${seed}/0/0`,
    fields: {
      left: await png(eye(0)),
      right: await png(eye(1)),
      layout: 'sbs-full',
      eyeOrder: 'left-first',
      eyeOrderConfidence: 1,
      disparity: Float32Array.of(far, far, far, near, near).map((d) => d / side),
      verticalOffset: 0,
      matchShare: 1,
      colourGap: 0,
      sharpnessRatio: 1,
      crop: Int32Array.of(0, 0, side, side),
      frame: 0,
      framesPerSecond: 25,
      screenShift: 0.02,
      group: `group${seed}`,
      flags: 0,
      ...(ignore ? { ignore: await png(corner, 1) } : {}),
    },
    provenance: { source: `source${seed}`, shot: 0, pts: [0], timeBase: [1, 25] },
  };
}

export const { makeBatch, makeSource } = createLoader<Deep3dConfig>(prepare);
