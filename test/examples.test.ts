import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { holdOut } from '../examples/hold-out.js';
import { lookIntoVideos } from '../examples/look-into-videos.js';
import { encodeVideo } from '../src/ingest/index.js';
import { createMotionSet } from '../src/synthetic/index.js';

const dir = mkdtempSync(join(tmpdir(), 'reelmine-examples-'));
const classes = ['Red', 'Green'];
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Two classes of two groups, laid out and listed as UCF101 is: group 1 is tested on, group 2 trained on. */
beforeAll(async () => {
  const set = createMotionSet({ seed: 5, groups: 2, testGroups: 1, takeFrames: 100, cutEvery: 0 });
  const lists: Record<'train' | 'test', string[]> = { train: [], test: [] };
  for (const [label, name] of classes.entries()) {
    mkdirSync(join(dir, 'videos', name), { recursive: true });
    for (const group of [1, 2]) {
      const video = set[label * 2 + group - 1]!;
      const file = `${name}/v_${name}_g0${group}_c01.avi`;
      const frames = Array.from({ length: video.frameCount }, (_, i) => video.frame(i));
      await encodeVideo(join(dir, 'videos', file), {
        frames,
        width: video.width,
        height: video.height,
        fps: 25,
        codec: 'mpeg4',
      });
      if (group === 1) lists.test.push(file);
      else lists.train.push(`${file} ${label + 1}`);
    }
  }
  writeFileSync(join(dir, 'classInd.txt'), classes.map((name, i) => `${i + 1} ${name}\r\n`).join(''));
  for (const [role, lines] of Object.entries(lists))
    writeFileSync(join(dir, `${role}list01.txt`), lines.map((line) => `${line}\r\n`).join(''));
});

describe('examples', () => {
  it('look into videos: every sample with its five times, rising', async () => {
    const said: string[] = [];
    const found = await lookIntoVideos(join(dir, 'look'), [join(dir, 'videos')], (text) => said.push(text));
    expect(found.length).toBeGreaterThan(0);
    for (const { seconds } of found) expect([...seconds].sort((a, b) => a - b)).toEqual(seconds);
    expect(said).toContain('ingest 4');
  });

  it('hold out: metrics of held-out groups, with their interval', async () => {
    const metrics = await holdOut(join(dir, 'hold'), `ucf101:${dir}`, ['preset=tiny', 'steps=4']);
    const accuracy = metrics.find(({ name }) => name === 'balancedAccuracy');
    expect(accuracy?.value).toBeGreaterThanOrEqual(0);
    expect(accuracy?.value).toBeLessThanOrEqual(1);
    expect(accuracy?.examples).toBeGreaterThan(0);
  });
});
