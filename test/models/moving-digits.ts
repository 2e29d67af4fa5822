import type { Sample } from '../../src/core/index.js';
import { createMovingMnist, glyphDigits, type MovingMnistOptions } from '../../src/synthetic/index.js';

/** Of the digits and of how they move. */
export const digitSeed = 21;

/** Records of clips in which drawn digits bounce about: 64×64, so 16-pixel digits at up to 2 pixels a frame once a task halves them. */
export function makeMovingDigits(
  count: number,
  options: Pick<MovingMnistOptions, 'role' | 'frames' | 'digits' | 'deterministic'>,
): Sample[] {
  const pools = glyphDigits(digitSeed);
  return Array.from({ length: count }, (_, index) => {
    const video = createMovingMnist({ variant: 'svg', seed: digitSeed, index, ...options }, pools);
    const { width, height, frameCount } = video;
    const data = new Uint8Array(frameCount * width * height);
    for (let t = 0; t < frameCount; t++) data.set(video.frame(t), t * width * height);
    const source = `${options.role}${index}`;
    return {
      key: `${source}/0/0`,
      fields: {
        frames: { data, shape: [frameCount, height, width, 1] },
        size: Int32Array.of(frameCount, height, width, 1),
        start: 0,
        framesPerSecond: 10,
        motion: 5,
        group: source,
      },
      provenance: { source, shot: 0, pts: [0, frameCount - 1], timeBase: [1, 10] },
    };
  });
}
