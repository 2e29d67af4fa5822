import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProcess } from '../../../src/core/index.js';
import { decoders, findFfmpeg, ingestConfig, probeFile } from '../../../src/ingest/index.js';
import { cannotCompare, compareDecoders } from './agreement.js';

const missing = await cannotCompare();
const ffmpeg = await findFfmpeg();
let dir = '';
const files = ['fields.mpg', 'fields.mp4'];
beforeAll(async () => {
  if (!ffmpeg) return;
  dir = mkdtempSync(join(tmpdir(), 'reelmine-interlaced-'));
  const coders = [
    ['-c:v', 'mpeg2video', '-flags', '+ilme+ildct', '-b:v', '2M'],
    ['-c:v', 'libx264', '-x264opts', 'interlaced=1', '-preset', 'ultrafast'],
  ];
  for (const [i, coder] of coders.entries()) {
    const pictures = ['-f', 'lavfi', '-i', 'testsrc2=s=320x240:r=50:d=1', '-vf', 'interlace'];
    const { status, stderr } = await runProcess(ffmpeg.path, [
      '-v',
      'error',
      ...pictures,
      ...coder,
      join(dir, files[i]!),
    ]);
    expect(status, stderr).toBe(0);
  }
}, 60_000);
afterAll(() => dir !== '' && rmSync(dir, { recursive: true, force: true }));

describe.skipIf(missing !== null)(`interlaced video (needs an ffmpeg program: ${missing ?? 'it is there'})`, () => {
  it.each(files)('%s is told as such, and shown alike by both decoders', async (file) => {
    for (const name of decoders.names) {
      const { video } = await probeFile(join(dir, file), await decoders.load(name), { config: ingestConfig.parse({}) });
      expect(video).toMatchObject({ interlaced: true, frames: 25, width: 320, height: 240, averageRate: 25 });
    }
    const { sameTimes, worstPsnr } = await compareDecoders(join(dir, file));
    expect(sameTimes).toBe(true);
    expect(worstPsnr).toBeGreaterThanOrEqual(45);
  });
});
