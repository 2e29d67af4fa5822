import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Frame, View } from '../../../src/core/index.js';
import { decoders, hashSource, openMedia, type Decoder } from '../../../src/ingest/index.js';
import { encodeImage } from '../../../src/vision/index.js';
import { buildClip, clipSize } from '../../fixtures/clips.js';
import { expectSameBytes } from '../compare.js';

let dir = '';
let decoder: Decoder;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'reelmine-pair-'));
  decoder = await decoders.load('libav');
  await buildClip(join(dir, 'left.mp4'), 30);
  await buildClip(join(dir, 'right.mp4'), 28, { cuts: [10] });
  await buildClip(join(dir, 'half.mp4'), 60, { fps: 50 });
  await buildClip(join(dir, 'small.mp4'), 30, { width: 32, height: 24 });
}, 30_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function open(left: string, right: string, rate?: readonly [number, number]) {
  const path = join(dir, `${left}-${right}.reel.json`);
  writeFileSync(path, JSON.stringify({ schema: 1, kind: 'pair', left, right, ...(rate ? { rate } : {}) }));
  return { path, ...(await openMedia(path, { decoder })) };
}
const collect = async (frames: AsyncIterable<Frame>): Promise<readonly Frame[]> => {
  const out: Frame[] = [];
  for await (const frame of frames) out.push(frame);
  return out;
};
const framesOf = async (name: string, view: View | null = null) =>
  collect((await openMedia(join(dir, name), { decoder })).session.frames({ span: null, view }));

/** One eye of a packed picture. */
function eye({ data, width, height }: Frame, side: 'left' | 'right', half: number): Uint8Array {
  const channels = data.length / (width * height);
  const from = side === 'left' ? 0 : width - half;
  const rows = Array.from({ length: height }, (_, y) =>
    data.subarray((y * width + from) * channels, (y * width + from + half) * channels),
  );
  return Uint8Array.from(rows.flatMap((row) => [...row]));
}

describe('a pair of files', () => {
  it('shows the left eye with the right one beside it, each untouched, as long as both have pictures', async () => {
    const { session } = await open('left.mp4', 'right.mp4');
    expect(session.media).toMatchObject({
      container: 'pair',
      video: { width: clipSize.width * 2, height: clipSize.height },
    });
    const [both, left, right] = [
      await collect(session.frames({ span: null, view: null })),
      await framesOf('left.mp4'),
      await framesOf('right.mp4'),
    ];
    expect(both).toHaveLength(28);
    both.forEach((frame, i) => {
      expect(frame.pts).toBe(left[i]!.pts);
      expectSameBytes(eye(frame, 'left', clipSize.width), left[i]!.data);
      expectSameBytes(eye(frame, 'right', clipSize.width), right[i]!.data);
    });
    const shown = await session.framesAt([left[3]!.pts, left[20]!.pts], null);
    expectSameBytes(shown[1]!.data, both[20]!.data);
    const part = await collect(session.frames({ span: { startPts: left[5]!.pts, endPts: left[9]!.pts }, view: null }));
    expect(part.map(({ pts }) => pts)).toEqual(left.slice(5, 9).map(({ pts }) => pts));
  });

  it('scales each eye by itself, so that nothing is mixed across the seam', async () => {
    const { session } = await open('left.mp4', 'right.mp4');
    const view: View = { width: 48, height: 20, fit: 'cover', fps: 5, channels: 1 };
    const both = await collect(session.frames({ span: null, view }));
    const half = { ...view, width: 24 };
    const [left, right] = [await framesOf('left.mp4', half), await framesOf('right.mp4', half)];
    expect(both.length).toBeGreaterThan(4);
    both.forEach((frame, i) => {
      expect([frame.width, frame.height, frame.data.length]).toEqual([48, 20, 960]);
      expectSameBytes(eye(frame, 'left', 24), left[i]!.data);
      expectSameBytes(eye(frame, 'right', 24), right[i]!.data);
    });
    const odd = await collect(session.frames({ span: null, view: { ...view, width: 33 } }));
    expect(odd[0]!.width).toBe(33);
  });

  it('shows the same where the memory of pictures is used again, as probing does', async () => {
    const { session } = await open('left.mp4', 'right.mp4');
    const read = async (reusesMemory: boolean) => {
      const small: View = { width: 48, height: 20, fit: 'stretch', fps: null, channels: 3, reusesMemory };
      const shown = session.viewFrames({ span: null, views: { small, border: { ...small, fps: 2 } } });
      const out: { readonly view: string; readonly pts: number; readonly data: Uint8Array }[] = [];
      for await (const { view, frame } of shown) out.push({ view, pts: frame.pts, data: frame.data.slice() });
      return out;
    };
    const [own, shared] = [await read(false), await read(true)];
    expect(own.length).toBeGreaterThan(28);
    expect(shared.map(({ view, pts }) => [view, pts])).toEqual(own.map(({ view, pts }) => [view, pts]));
    own.forEach(({ data }, i) => expectSameBytes(shared[i]!.data, data));
  });

  it('matches pictures by time where one eye has more of them', async () => {
    const { session } = await open('left.mp4', 'half.mp4');
    const both = await collect(session.frames({ span: null, view: null }));
    const half = await framesOf('half.mp4');
    expect(both).toHaveLength(30);
    both.forEach((frame, i) => expectSameBytes(eye(frame, 'right', clipSize.width), half[i * 2]!.data));
  });

  it('takes folders of numbered pictures', async () => {
    for (const [name, shade] of [
      ['l', 10],
      ['r', 200],
    ] as const) {
      mkdirSync(join(dir, name));
      for (let i = 0; i < 3; i++) {
        const data = new Uint8Array(8 * 6 * 3).fill(shade + i);
        writeFileSync(join(dir, name, `${i}.png`), (await encodeImage(data, 8, 6, 3, { format: 'png' })).data);
      }
    }
    const { session, path, hash } = await open('l', 'r', [10, 1]);
    const both = await collect(session.frames({ span: null, view: null }));
    expect(both.map(({ data }) => [data[0], data[8 * 3]])).toEqual([
      [10, 200],
      [11, 201],
      [12, 202],
    ]);
    let words = 0;
    expect((await hash(() => words++)).sha256).toBe(await hashSource(path));
    expect(words).toBe(6); // what takes long must say that it goes on
  });

  it('refuses eyes of two sizes, and tells left from right', async () => {
    await expect(open('left.mp4', 'small.mp4')).rejects.toThrow(/64×48 and 32×24/);
    const one = await (await open('left.mp4', 'right.mp4')).hash();
    const other = await (await open('right.mp4', 'left.mp4')).hash();
    expect(other.sha256).not.toBe(one.sha256);
    expect(other.bytes).toBe(one.bytes);
  });
});
