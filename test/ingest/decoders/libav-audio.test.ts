import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readSoundBlocks } from '../../../src/ingest/decoders/libav-audio.js';
import { loadNodeAv } from '../../../src/ingest/decoders/node-av.js';
import { buildClip, sine } from '../../fixtures/clips.js';

let dir = '';
let clip = '';
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'reelmine-sound-'));
  clip = await buildClip(join(dir, 'clip.mp4'), 25, { audio: { data: sine(440, 1, 48_000), sampleRateHz: 48_000 } });
}, 30_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it('says that sound cannot be resampled as damage of the file, which ends no run', async () => {
  const av = await loadNodeAv();
  const request = { fromSeconds: null, sampleRateHz: 16_000 };
  expect([...readSoundBlocks(av, clip, request)].length).toBeGreaterThan(10);
  class RefusingContext extends av.lib.SoftwareResampleContext {
    override init(): number {
      return av.constants.AVERROR_EINVAL;
    }
  }
  const refusing = { ...av, lib: { ...av.lib, SoftwareResampleContext: RefusingContext } };
  expect(() => [...readSoundBlocks(refusing, clip, request)]).toThrow(
    expect.objectContaining({ name: 'MediaError', code: 'decode-error' }) as Error,
  );
});
