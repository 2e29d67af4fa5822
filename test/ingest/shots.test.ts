import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createRandom, packageRoot, readEnvironment, type Frame } from '../../src/core/index.js';
import { createShotDetector, detectShots, selectDecoder, shotConfig } from '../../src/ingest/index.js';
import { createMotionSet } from '../../src/synthetic/index.js';
import { resizeRgb } from '../../src/vision/index.js';

const data = readEnvironment('REELMINE_TEST_DATA') ?? join(packageRoot(), '../shared/data');
const [width, height] = [64, 48];

/** Frame numbers at which shots begin. */
function cutsOf(pictures: readonly Uint8Array[], config: object = {}): readonly number[] {
  const detector = createShotDetector(shotConfig.parse(config));
  pictures.forEach((picture, pts) => detector.push({ data: picture, width, height, pts }));
  return detector.finish().cuts;
}

/** A large random picture to look at parts of. */
function backdrop(seed: number): Uint8Array {
  const random = createRandom(seed);
  return resizeRgb(
    Uint8Array.from({ length: 60 * 20 * 3 }, () => 40 + random.int(170)),
    60,
    20,
    480,
    120,
  );
}

/** What a camera sees that stands at (x, y). */
function look(from: Uint8Array, x: number, y = 20): Uint8Array {
  const out = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    const at = ((row + y) * 480 + Math.round(x)) * 3;
    out.set(from.subarray(at, at + width * 3), row * width * 3);
  }
  return out;
}

/** A camera that drifts a little over each backdrop in turn. */
function takes(lengths: readonly number[], seed = 1): Uint8Array[] {
  return lengths.flatMap((length, take) => {
    const from = backdrop(seed * 100 + take);
    return Array.from({ length }, (_, i) => look(from, 100 + i / 4));
  });
}

function change(picture: Uint8Array, by: (value: number, i: number) => number): Uint8Array {
  return picture.map((value, i) => Math.max(0, Math.min(255, Math.round(by(value, i)))));
}

describe('hard cuts', () => {
  test('are found at the exact frame in the generated motion set, and only they', () => {
    const set = createMotionSet({
      seed: 3,
      groups: 4,
      testGroups: 1,
      takeFrames: 30,
      secondTakeFrames: 25,
      cutEvery: 2,
    });
    expect(set.filter((video) => video.truth.cuts.length > 0)).toHaveLength(16);
    for (const video of set) {
      const pictures = Array.from({ length: video.frameCount }, (_, i) =>
        resizeRgb(video.frame(i), video.width, video.height, width, height),
      );
      expect({ name: video.name, cuts: cutsOf(pictures) }).toEqual({ name: video.name, cuts: video.truth.cuts });
    }
  });

  test.each([1, 2, 3, 4, 5])('are found between drifting takes (%i)', (seed) => {
    expect(cutsOf(takes([20, 9, 5, 40, 14], seed))).toEqual([20, 29, 34, 74]);
  });

  test('are found under noise of up to 12 levels', () => {
    const random = createRandom(8);
    const noisy = takes([30, 30]).map((picture) => change(picture, (value) => value + random.int(25) - 12));
    expect(cutsOf(noisy)).toEqual([30]);
  });

  test('are found in the dark', () => {
    const dark = takes([30, 30]).map((picture) => change(picture, (value) => value * 0.2));
    expect(cutsOf(dark)).toEqual([30]);
  });

  test('are found although every frame is shown twice', () => {
    expect(cutsOf(takes([15, 15]).flatMap((picture) => [picture, picture]))).toEqual([30]);
  });

  test('are found at the first and the last frame', () => {
    expect(cutsOf(takes([1, 20]))).toEqual([1]);
    expect(cutsOf(takes([20, 1]))).toEqual([20]);
  });

  test('nearer than the shortest shot count once, at the strongest', () => {
    const [a, b, c] = [look(backdrop(1), 50), look(backdrop(2), 50), look(backdrop(3), 50)];
    const half = change(b, (value, i) => (value + a[i]!) / 2);
    const pictures = [...new Array<Uint8Array>(20).fill(a), half, half, half, ...new Array<Uint8Array>(20).fill(c)];
    expect(cutsOf(pictures, { similarity: 0.95 })).toEqual([23]);
    expect(cutsOf(pictures, { similarity: 0.95, minShotFrames: 3 })).toEqual([20, 23]);
  });
});

describe('no cut is seen in', () => {
  test.each([1, 2])('a flash of %i frames, unless flashes are to count', (length) => {
    const pictures = takes([40]);
    for (let i = 20; i < 20 + length; i++) pictures[i] = change(pictures[i]!, (value) => 200 + value / 5);
    pictures[10] = new Uint8Array(pictures[10]!.length);
    expect(cutsOf(pictures)).toEqual([]);
    expect(cutsOf(pictures, { flashFrames: 0, minShotFrames: 1 }).length).toBeGreaterThan(0);
  });

  test('a flash just before a cut: only the cut counts', () => {
    const pictures = takes([30, 30]);
    pictures[28] = new Uint8Array(pictures[28]!.length).fill(250);
    expect(cutsOf(pictures)).toEqual([30]);
  });

  test.each([1, 3, 7])('a pan by %i pixels a frame that starts and stops at once', (speed) => {
    const from = backdrop(4);
    const x = (i: number) => 20 + speed * Math.min(Math.max(0, i - 15), 30);
    expect(cutsOf(Array.from({ length: 60 }, (_, i) => look(from, x(i))))).toEqual([]);
  });

  test('a jump in brightness, a fade and noise in a still picture', () => {
    const still = look(backdrop(5), 70);
    const random = createRandom(9);
    const jump = Array.from({ length: 40 }, (_, i) => change(still, (value) => (i < 20 ? value * 0.6 : value)));
    const fade = Array.from({ length: 60 }, (_, i) => change(still, (value) => (value * (60 - i)) / 60));
    const noise = Array.from({ length: 40 }, () => change(still, (value) => value + random.int(41) - 20));
    for (const pictures of [jump, fade, noise]) expect(cutsOf(pictures)).toEqual([]);
  });

  test('something that appears in an eighth of the picture', () => {
    const still = look(backdrop(6), 70);
    const guest = change(still, (value, i) => (i % (width * 3) < 24 ? 60 : value));
    expect(cutsOf(Array.from({ length: 40 }, (_, i) => (i < 20 ? still : guest)))).toEqual([]);
  });

  test('nothing, one frame and two', () => {
    for (const count of [0, 1]) expect(cutsOf(takes([count]))).toEqual([]);
    expect(cutsOf(takes([2]))).toEqual([]);
  });
});

test('refuses frames of another size than the first', () => {
  const detector = createShotDetector();
  detector.push({ data: new Uint8Array(300), width: 10, height: 10, pts: 0 });
  expect(() => detector.push({ data: new Uint8Array(330), width: 11, height: 10, pts: 1 })).toThrow(/10×10, got 11×10/);
});

test('gives presentation times, whatever the clock, and takes frames of any size', async () => {
  const large = takes([25, 25]).map((picture) => resizeRgb(picture, width, height, 200, 150));
  async function* frames(): AsyncGenerator<Frame> {
    for (const [i, picture] of large.entries()) yield { data: picture, width: 200, height: 150, pts: 9000 + 3003 * i };
  }
  expect(await detectShots(frames())).toEqual({ cuts: [9000 + 3003 * 25], gradual: [] });
});

/** Frame numbers of the cuts of a file. */
async function cutsOfFile(path: string): Promise<readonly number[]> {
  const { decoder } = await selectDecoder('libav');
  const session = await decoder.open(join(data, path));
  try {
    const detector = createShotDetector();
    const times: number[] = [];
    const view = { width, height, fit: 'stretch', fps: null, channels: 3, filter: 'area' } as const;
    for await (const frame of session.frames({ span: null, view })) {
      times.push(frame.pts);
      detector.push(frame);
    }
    return detector.finish().cuts.map((pts) => times.indexOf(pts));
  } finally {
    await session.close();
  }
}

// Frame numbers as seen in the pictures themselves.
describe.skipIf(!existsSync(join(data, 'general')))('in real films (needs REELMINE_TEST_DATA)', () => {
  test.each([
    ['general/sintel_30s_cuts.mp4', [286, 348, 372, 523, 573, 610, 624]],
    ['general/big_buck_bunny_0_30.webm', [283, 376, 551]],
    ['kinetics/SOX5yA1l24A.mp4', [138, 219, 292]],
    ['kinetics/R6llTwEh07w.mp4', []],
    ['general/traffic.mp4', []],
    ['general/car-turn.mp4', []],
    ['kth/boxing/person01_boxing_d1_uncomp.avi', []],
  ])('%s has the cuts %j', async (path, cuts) => {
    expect(await cutsOfFile(path)).toEqual(cuts);
  });

  test.each(['BasketballDunk', 'PlayingPiano'])(
    'the clips of %s have none, for all their flashes',
    async (className) => {
      const folder = `ucf101/videos/${className}`;
      for (const file of readdirSync(join(data, folder)))
        expect([file, await cutsOfFile(join(folder, file))]).toEqual([file, []]);
    },
  );
});
