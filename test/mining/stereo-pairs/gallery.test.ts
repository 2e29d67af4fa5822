import { expect, it } from 'vitest';
import type { Sample } from '../../../src/core/index.js';
import { drawPair } from '../../../src/mining/stereo-pairs/gallery.js';
import type { stereoPairsSample } from '../../../src/mining/stereo-pairs/sample.js';
import { makeRecord } from '../../models/deep3d/records.js';

it('draws a pair for red and cyan glasses, its disparity with the logo in red, and the eyes in turn', async () => {
  const sample = (await makeRecord(1, { ignore: true })) as unknown as Sample<typeof stereoPairsSample>;
  const pictures = await drawPair(sample);
  expect(pictures.map((picture) => ('frames' in picture ? picture.frames.length : 1))).toEqual([1, 1, 2]);
  for (const picture of pictures) {
    for (const data of 'frames' in picture ? picture.frames : [picture.data])
      expect(data.length).toBe(3 * picture.width * picture.height);
  }
  const [glasses, depth, eyes] = pictures as unknown as [
    { data: Uint8Array },
    { data: Uint8Array; width: number },
    { frames: Uint8Array[] },
  ];
  const mean = (eye: Uint8Array, i: number) => Math.round((eye[3 * i]! + eye[3 * i + 1]! + eye[3 * i + 2]!) / 3);
  for (const i of [0, 500, 2000]) {
    expect(Math.abs(glasses.data[3 * i]! - mean(eyes.frames[0]!, i))).toBeLessThanOrEqual(1);
    expect(Math.abs(glasses.data[3 * i + 1]! - mean(eyes.frames[1]!, i))).toBeLessThanOrEqual(1);
  }
  expect([...depth.data.subarray(0, 3)]).toEqual([200, 0, 0]);
});
