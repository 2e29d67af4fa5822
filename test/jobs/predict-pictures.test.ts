import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runJob } from '../../src/core/index.js';
import { selectBackend, tf, type Rank, type Segmenter, type StereoModel } from '../../src/engine/index.js';
import { regionSimilarity } from '../../src/eval/index.js';
import { predict } from '../../src/index.js';
import { encodeVideo } from '../../src/ingest/index.js';
import { fillDrawSettings, pictureDrawer } from '../../src/jobs/predict-pictures.js';
import { makeMoverFilm } from '../../src/synthetic/index.js';
import { blockPicture } from '../fixtures/clips.js';

const dir = mkdtempSync(join(tmpdir(), 'reelmine-pictures-'));
beforeAll(() => selectBackend('auto'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('a drawn mask', () => {
  it('lies in red over the thing, in a copy beside the picture', () => {
    const [width, height] = [96, 64];
    const thing = { outline: 'disc', radius: 14, from: [44, 30], velocity: [1, 1] } as const;
    const film = makeMoverFilm({ seed: 4, width, height, frames: 2, noise: 0, things: [thing] });
    const rgb = film.frame(0);
    /** Draws what is colourful, which is the thing. */
    const segmenter: Segmenter = {
      size: 32,
      maskSize: 16,
      objectShare: 0.5,
      logits: (windows) =>
        tf.tidy(() => {
          const spread = tf.sub(tf.max(windows, -1), tf.min(windows, -1));
          const small = tf.avgPool(tf.reshape<Rank.R4>(spread, [-1, 32, 32, 1]), 2, 2, 'valid');
          return tf.sub(tf.squeeze(small, [3]), 60);
        }),
    };
    const drawn = pictureDrawer({ segmenter })!.draw(rgb, width, height);
    expect([drawn.width, drawn.height]).toEqual([2 * width, height]);
    const mask = new Uint8Array(width * height);
    for (let i = 0; i < width * height; i++) {
      const at = 3 * (2 * width * Math.floor(i / width) + (i % width));
      const own = [...rgb.subarray(3 * i, 3 * i + 3)];
      expect([...drawn.data.subarray(at, at + 3)]).toEqual(own);
      const over = [...drawn.data.subarray(at + 3 * width, at + 3 * width + 3)];
      if (over.every((value, c) => value === own[c])) continue;
      mask[i] = 1;
      expect(over).toEqual([255, 60, 60].map((value, c) => (own[c]! + value) >> 1));
    }
    expect(regionSimilarity(film.mask(0), mask)).toBeGreaterThan(0.6);
  });
});

describe('a right eye', () => {
  it('shows what lies as far to the right as the model says, in the size of the picture, and the glasses red of the left eye', () => {
    const [width, height] = [16, 4];
    const rgb = Uint8Array.from({ length: 3 * width * height }, (_, i) => (Math.floor(i / 3) % width) * 10 + (i % 3));
    const stereo: StereoModel = {
      width: 8,
      height: 2,
      shownOf: (eye) => eye,
      seeRight: (left) => ({ right: left, disparity: tf.fill([1, 2, 8], 2) }), // 2 of 8 are 4 of 16
    };
    const drawn = pictureDrawer({ stereo })!.draw(rgb, width, height);
    expect([drawn.width, drawn.height]).toEqual([2 * width, height]);
    const glasses = drawn.also!['anaglyph']!;
    expect([glasses.width, glasses.height]).toEqual([width, height]);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const moved = 10 * Math.min(width - 1, x + 4);
        const eyeAt = (column: number) => {
          const at = 3 * (2 * width * y + column);
          return [...drawn.data.subarray(at, at + 3)];
        };
        expect(eyeAt(x)).toEqual([10 * x, 10 * x + 1, 10 * x + 2]);
        expect(eyeAt(width + x)).toEqual([moved, moved + 1, moved + 2]);
        const at = 3 * (width * y + x);
        expect([...glasses.data.subarray(at, at + 3)]).toEqual([10 * x, moved + 1, moved + 2]);
      }
    }
  });

  it('is written beside the left one, and for red and cyan glasses in a file of its own', async () => {
    const size = { width: 64, height: 48 };
    const input = join(dir, 'film.mp4');
    await encodeVideo(input, { frames: Array.from({ length: 6 }, (_, i) => blockPicture(i, size)), ...size, fps: 25 });
    const out = join(dir, 'eyes.mp4');
    const { outputs, videos } = await runJob(
      predict({ run: 'random:deep3d', set: ['preset=tiny'], input: [input], out, steps: 3 }),
    );
    expect(outputs).toEqual([out, join(dir, 'eyes-anaglyph.mp4')]);
    expect(outputs.every((path) => existsSync(path))).toBe(true);
    expect([videos[0]!.pts.length, videos[0]!.psnr]).toEqual([3, []]);
  });
});

describe('what pictures are drawn of', () => {
  it('is nothing by a model that neither draws masks nor makes eyes', () => {
    expect(pictureDrawer({})).toBeNull();
  });

  it('is at least one picture, of which nothing is seen before or drawn again', () => {
    expect(fillDrawSettings({ fps: 5 })).toEqual({ steps: 250, fps: 5, startSeconds: 0 });
    expect(() => fillDrawSettings({ steps: 0 })).toThrow(/steps must be a whole number/);
    expect(() => fillDrawSettings({ observe: 3 })).toThrow(/observe is for models that predict frames/);
    expect(() => fillDrawSettings({ samples: 3 })).toThrow(/samples is for models that predict frames/);
  });
});
