import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openContainer } from '../../../src/ingest/decoders/libav-container.js';
import { loadNodeAv } from '../../../src/ingest/decoders/node-av.js';
import { indexPackets } from '../../../src/ingest/decoders/packet-index.js';
import { buildClip, truncateFile } from '../../fixtures/clips.js';
import { testData } from '../../fixtures/test-data.js';

let dir = '';
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'reelmine-index-'));
  await buildClip(join(dir, 'b-frames.mp4'), 60, { gop: 12, bFrames: 2 });
  await buildClip(join(dir, 'b-frames.mkv'), 60, { gop: 12, bFrames: 2 });
  await buildClip(join(dir, 'variable.mp4'), 12, { ptsOf: (i) => i * i * 900 + i * 1800 });
  await buildClip(join(dir, 'plain.avi'), 20, { codec: 'mpeg4' });
}, 60_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** The packets of the first picture stream as libavformat gives them. */
async function demux(path: string): Promise<{ pts: number[]; keys: number[]; timeBase: readonly [number, number] }> {
  const av = await loadNodeAv();
  const container = openContainer(av, path);
  const { num, den } = container.video!.timeBase;
  const packet = new av.lib.Packet();
  packet.alloc();
  const pts: number[] = [];
  const keys: number[] = [];
  while (container.format.readFrameSync(packet) >= 0) {
    if (packet.streamIndex === container.video!.index) {
      pts.push(Number(packet.pts));
      keys.push(packet.isKeyframe ? 1 : 0);
    }
    packet.unref();
  }
  packet.free();
  container.close();
  return { pts, keys, timeBase: [num, den] };
}

async function expectSameAsDemuxed(path: string): Promise<string> {
  const [index, packets] = [await indexPackets(path), await demux(path)];
  expect([...index.pts], path).toEqual(packets.pts);
  expect([...index.keys], path).toEqual(packets.keys);
  expect(index.timeBase, path).toEqual(packets.timeBase);
  return index.from;
}

describe('indexPackets', () => {
  it('reads times and key frames of MP4 from its header, of Matroska from its structure', async () => {
    expect(await expectSameAsDemuxed(join(dir, 'b-frames.mp4'))).toBe('header');
    expect(await expectSameAsDemuxed(join(dir, 'variable.mp4'))).toBe('header');
    expect(await expectSameAsDemuxed(join(dir, 'b-frames.mkv'))).toBe('structure');
    expect(await expectSameAsDemuxed(join(dir, 'plain.avi'))).toBe('packets');
    const { keys, pts, durationSeconds } = await indexPackets(join(dir, 'b-frames.mp4'));
    expect(keys.filter((key) => key === 1).length).toBeGreaterThanOrEqual(5);
    expect(pts.toSorted()).toEqual(Float64Array.from({ length: 60 }, (_, i) => i * 512));
    expect(durationSeconds).toBeCloseTo(2.4, 6);
  });

  it('needs the header alone, and falls back where the tables do not fit', async () => {
    const bytes = readFileSync(join(dir, 'b-frames.mp4'));
    const media = bytes.indexOf('mdat');
    bytes.fill(0, media + 4, bytes.indexOf('moov') - 4);
    writeFileSync(join(dir, 'empty.mp4'), bytes);
    const whole = await indexPackets(join(dir, 'b-frames.mp4'));
    expect([...(await indexPackets(join(dir, 'empty.mp4'))).pts]).toEqual([...whole.pts]);
    const wrong = Buffer.from(bytes);
    wrong.writeUInt32BE(1, wrong.indexOf('stts') + 8); // one run
    wrong.writeUInt32BE(7, wrong.indexOf('stts') + 12); // of 7 of the 60 samples
    writeFileSync(join(dir, 'wrong.mp4'), wrong);
    expect((await indexPackets(join(dir, 'wrong.mp4'))).from).toBe('packets');
  });

  it('names what is wrong with a file', async () => {
    await expect(indexPackets(join(dir, 'absent.mp4'))).rejects.toMatchObject({ code: 'file-missing' });
    truncateFile(join(dir, 'b-frames.mp4'), join(dir, 'half.mp4'), 0.5);
    await expect(indexPackets(join(dir, 'half.mp4'))).rejects.toMatchObject({ code: 'cannot-open' });
  });
});

const data = testData();
describe.skipIf(data === null)('indexPackets of real files (needs the shared test data)', () => {
  it('gives what demuxing gives', async () => {
    // annex-b is cut off: its header promises what is not there. The last two cannot be used.
    const without = ['annex-b.mp4', 'broken.mp4', 'input_audio_only_10sec.mp4'];
    const files = readdirSync(data!, { recursive: true, encoding: 'utf8' }).filter(
      (file) => /\.(mp4|mov|mkv|webm|3gp)$/.test(file) && !without.some((name) => file.endsWith(name)),
    );
    expect(files.length).toBeGreaterThan(30);
    const from: Record<string, number> = {};
    for (const file of files) {
      const way = await expectSameAsDemuxed(join(data!, file));
      from[way] = (from[way] ?? 0) + 1;
    }
    // A live stream of unknown lengths, and a file without timescale.
    expect(from.packets).toBe(2);
  });
});
