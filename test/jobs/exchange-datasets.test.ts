import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pack } from 'tar-stream';
import { afterAll, describe, expect, it } from 'vitest';
import { createRandom, encodeNpy, readJsonLines, type FailureEntry, type Sample } from '../../src/core/index.js';
import { exportFrom, importInto, ingest, mine, runJob } from '../../src/index.js';
import { openDataset, openSink } from '../../src/store/index.js';
import { encodeImage } from '../../src/vision/index.js';
import { clipSample } from '../../src/mining/clips/sample.js';
import { makeHeader, sourceId } from '../store/fixture.js';
import { writeMixed } from '../store/exporters/fixture.js';

const root = mkdtempSync(join(tmpdir(), 'reelmine-exchange-'));
afterAll(() => rmSync(root, { recursive: true }));

async function samplesOf(dir: string): Promise<readonly Sample[]> {
  const dataset = await openDataset(dir);
  const out: Sample[] = [];
  for await (const sample of dataset.samples()) out.push(sample);
  await dataset.close();
  return out;
}

async function digestOf(dir: string): Promise<string> {
  const dataset = await openDataset(dir);
  await dataset.close();
  return dataset.digest;
}

const tarsIn = (dir: string) =>
  readdirSync(dir)
    .filter((name) => name.endsWith('.tar'))
    .map((name) => join(dir, name));

describe('a dataset as WebDataset and back', () => {
  const [dir, out] = [join(root, 'mixed'), join(root, 'tars')];

  it('has the same digest: samples, labels and artefacts', async () => {
    await writeMixed(dir);
    const { counts, text } = await runJob(exportFrom({ dir, format: 'webdataset', out, set: ['shardBytes=40000'] }));
    expect(counts).toMatchObject({ done: 12, failed: 0 });
    expect(text).toContain('12 samples in');
    const files = tarsIn(out);
    expect(files.length).toBeGreaterThan(1);
    const again = join(root, 'mixed-again');
    const job = { files: [...files].reverse(), format: 'webdataset', signal: 'test', out: again };
    const result = await runJob(importInto(job));
    expect(result.counts).toMatchObject({ done: 12, samples: 12, failed: 0, skipped: 0 });
    expect(result.digest).toBe(await digestOf(dir));
    expect(await samplesOf(again)).toEqual(await samplesOf(dir));
    const twice = await runJob(importInto(job));
    expect(twice).toMatchObject({ digest: result.digest, counts: { done: 0, skipped: 12 } });
  });

  it('leaves out units of which something is missing, names them, and is mended by a sound archive', async () => {
    const files = tarsIn(out);
    const [first = ''] = files;
    const sound = readFileSync(first);
    writeFileSync(first, sound.subarray(0, 20_000));
    const broken = join(root, 'broken');
    const job = { files, format: 'webdataset', signal: 'test', out: broken };
    const { counts } = await runJob(importInto(job));
    expect(counts.failed).toBe(1);
    const all = await samplesOf(dir);
    const got = await samplesOf(broken);
    expect(got.length).toBeLessThan(12);
    const unitOf = ({ key }: Sample) => key.slice(0, key.lastIndexOf('/'));
    const whole = [...new Set(got.map(unitOf))];
    expect(got).toEqual(all.filter((sample) => whole.includes(unitOf(sample)))); // no unit in part
    const ledger = readJsonLines<FailureEntry>(join(broken, 'failures.jsonl'));
    expect(ledger).toMatchObject([{ path: first, stage: 'import', code: 'truncated', attempts: 1 }]);
    writeFileSync(first, sound);
    const mended = await runJob(importInto(job));
    expect(mended.digest).toBe(await digestOf(dir));
    expect(readFileSync(join(broken, 'failures.jsonl'), 'utf8')).toBe('');
  });

  it('is refused under another signal, in part only where it is said, and when it is not finished', async () => {
    const files = tarsIn(out);
    const job = { files, format: 'webdataset', out: join(root, 'x') };
    await expect(runJob(importInto({ ...job, signal: 'clips' }))).rejects.toMatchObject({ code: 'wrong-signal' });
    await expect(runJob(importInto({ ...job, files: [join(root, 'no.tar')], signal: 'test' }))).rejects.toThrow(
      /does not exist/,
    );
    const part = join(root, 'part');
    await runJob(importInto({ ...job, files: files.slice(0, 1), signal: 'test', out: part }));
    const dataset = await openDataset(part);
    expect(dataset.header.selection).toEqual({ files: ['train-00000.tar'] });
    await dataset.close();
  });
});

describe('a dataset as npy and back', () => {
  it('gives equal samples where arrays can hold them', async () => {
    const [dir, out, again] = [join(root, 'clips'), join(root, 'arrays'), join(root, 'clips-again')];
    const random = createRandom(4);
    const sink = await openSink({ dir, header: makeHeader({ signal: 'clips', spec: clipSample }) });
    for (let n = 0; n < 5; n++) {
      const source = sourceId(n);
      const size = [2 + (n % 2), 4, 5, 3];
      const data = Uint8Array.from({ length: size.reduce((a, b) => a * b, 1) }, () => random.int(256));
      const fields = {
        frames: { data, shape: size },
        size: Int32Array.from(size),
        start: n,
        framesPerSecond: 25,
        motion: Math.fround(0.3 * n),
        group: `g${n}`,
      };
      const provenance = { source, shot: 1, pts: [0, 1, 2].slice(0, size[0]), timeBase: [1, 25] as const };
      const samples = [{ key: `${source}/1/0`, fields, provenance }];
      await sink.writeUnit({ source, shot: 1, samples, rejections: {} });
    }
    const { digest } = await sink.finish(null);
    await runJob(exportFrom({ dir, format: 'npy', out }));
    const result = await runJob(importInto({ files: [out], format: 'npy', signal: 'clips', out: again }));
    expect(result.digest).toBe(digest);
    writeFileSync(join(out, 'frames.npy'), readFileSync(join(out, 'frames.npy')).subarray(0, 400));
    const cut = importInto({ files: [out], format: 'npy', signal: 'clips', out: join(root, 'cut') });
    await expect(runJob(cut)).rejects.toMatchObject({ code: 'corrupt' });
  });
});

describe('an array of videos', () => {
  it('becomes the clips that mining npy:FILE gives', async () => {
    const random = createRandom(6);
    const [time, videos, side] = [5, 7, 16];
    const data = Uint8Array.from({ length: time * videos * side * side }, () => random.int(256));
    const file = join(root, 'mnist_test_seq.npy');
    writeFileSync(file, encodeNpy({ dtype: 'uint8', shape: [time, videos, side, side], data }));
    const [corpus, mined, out] = [join(root, 'corpus'), join(root, 'mined'), join(root, 'imported')];
    await runJob(ingest({ sources: [`npy:${file}`], corpus, workers: 1 }));
    const set = ['preset=moving-mnist', `width=${side}`, `height=${side}`];
    await runJob(mine({ signals: ['clips'], corpus, out: mined, workers: 1, set }));
    const { counts, digest } = await runJob(importInto({ files: [file], format: 'npy', signal: 'clips', out }));
    expect(counts).toMatchObject({ done: videos, samples: videos, failed: 0 });
    const [wanted, got] = [await samplesOf(mined), await samplesOf(out)];
    expect(wanted).toHaveLength(videos);
    expect(got.map(({ key }) => key)).toEqual(wanted.map(({ key }) => key));
    got.forEach(({ fields, provenance }, i) => {
      expect(fields).toEqual(wanted[i]!.fields);
      expect(provenance.source).toBe(wanted[i]!.provenance.source);
    });
    // Video 3 by hand: frame t of it is at [t, 3].
    const dataset = await openDataset(out);
    const third = got.find(({ key }) => dataset.label(key)?.['index'] === 3)!;
    await dataset.close();
    const { data: frames } = third.fields['frames'] as { readonly data: Uint8Array };
    for (let t = 0; t < time; t++) expect(frames[t * side * side + 9]).toBe(data[(t * videos + 3) * side * side + 9]);
    const again = await runJob(importInto({ files: [file], format: 'npy', signal: 'clips', out: join(root, 'again') }));
    expect(again.digest).toBe(digest);
  }, 60_000);

  it('is refused with the reason where it cannot be clips', async () => {
    const file = join(root, 'floats.npy');
    writeFileSync(file, encodeNpy({ dtype: 'float32', shape: [2, 2, 4, 4], data: new Float32Array(64) }));
    const job = { files: [file], format: 'npy', signal: 'clips', out: join(root, 'y') };
    await expect(runJob(importInto(job))).rejects.toThrow(/holds <f4 \[2, 2, 4, 4\]; videos are bytes/);
    await expect(runJob(importInto({ ...job, signal: 'patch-triplets' }))).rejects.toThrow(/only become clips/);
    await expect(runJob(importInto({ ...job, files: [root] }))).rejects.toThrow(/no export.json/);
    expect(existsSync(join(root, 'y'))).toBe(false);
  });
});

describe('WebDataset archives of others', () => {
  const picture = (seed: number, side = 8) => {
    const random = createRandom(seed);
    const pixels = Uint8Array.from({ length: side * side * 3 }, () => random.int(256));
    return encodeImage(pixels, side, side, 3, { format: 'png' });
  };
  const archive = async (name: string, entries: readonly (readonly [string, string | Uint8Array])[]) => {
    const tar = pack();
    for (const [member, data] of entries) tar.entry({ name: member }, data);
    tar.finalize();
    const pieces: Uint8Array[] = [];
    for await (const piece of tar as unknown as AsyncIterable<Uint8Array>) pieces.push(piece);
    const path = join(root, name);
    writeFileSync(path, Buffer.concat(pieces));
    return path;
  };

  it('become clips by key, with labels from what stands beside the pictures', async () => {
    const pictures = await Promise.all([1, 2, 3, 4].map((seed) => picture(seed)));
    const odd = await picture(5, 4);
    const file = await archive('others.tar', [
      ['v/a.2.png', pictures[1]!.data],
      ['v/a.10.png', pictures[2]!.data],
      ['v/a.1.png', pictures[0]!.data],
      ['v/a.cls', '7'],
      ['v/a.json', '{"caption": "two", "nested": {}, "score": 0.5}'],
      ['v/b.0.png', pictures[3]!.data],
      ['v/b.1.png', odd.data],
      ['c.jpg', pictures[0]!.data],
      ['d.npy', encodeNpy({ dtype: 'uint8', shape: [3, 4, 4], data: Uint8Array.from({ length: 48 }, (_, i) => i) })],
      ['e.mp4', 'not looked at'],
      ['f.2.png', pictures[1]!.data],
      ['f.10.png', pictures[2]!.data],
      ['f.1.png', pictures[0]!.data],
      ['g.1.png', pictures[2]!.data],
      ['g.2.png', pictures[3]!.data],
      ['h.1.png', pictures[2]!.data],
      ['h.2.png', pictures[3]!.data],
    ]);
    const out = join(root, 'others');
    const set = ['framesPerSecond=29.97'];
    const { counts } = await runJob(importInto({ files: [file], format: 'webdataset', signal: 'clips', out, set }));
    expect(counts).toMatchObject({ done: 3, failed: 3, duplicates: 2 });
    const failures = readJsonLines<FailureEntry>(join(out, 'failures.jsonl'));
    expect(failures.map(({ path, code }) => [path.split('#')[1], code])).toEqual([
      ['c', 'no-frames'],
      ['e', 'no-frames'],
      ['v/b', 'decode-error'],
    ]);
    const dataset = await openDataset(out);
    const samples = await samplesOf(out);
    const a = samples.find(({ fields }) => fields['group'] === 'v')!;
    expect(dataset.label(a.key)).toEqual({ name: 'others.tar/v/a', class: 7, caption: 'two', score: 0.5 });
    expect((a.fields['images'] as readonly { data: Uint8Array }[]).map(({ data }) => Buffer.from(data))).toEqual(
      pictures.slice(0, 3).map(({ data }) => Buffer.from(data)),
    );
    expect(a.provenance).toMatchObject({ pts: [0, 1, 2], timeBase: [1001, 30_000], shot: 0 });
    const d = samples.find(({ fields }) => 'frames' in fields)!;
    expect(d.fields).toMatchObject({ size: Int32Array.of(3, 4, 4, 1), motion: 16, start: 0 });
    await dataset.close();
  });

  it('become clips by folder where every key is a frame', async () => {
    const entries: [string, Uint8Array][] = [];
    for (const video of ['one', 'two'])
      for (let i = 0; i < 3; i++)
        entries.push([`set/${video}/${i}.png`, (await picture(i + 10 * entries.length)).data]);
    const file = await archive('frames.tar', entries);
    const out = join(root, 'folders');
    const set = ['clip=folder'];
    const { counts } = await runJob(importInto({ files: [file], format: 'webdataset', signal: 'clips', out, set }));
    expect(counts).toMatchObject({ done: 2, failed: 0 });
    for (const { fields } of await samplesOf(out)) expect(fields['images']).toHaveLength(3);
    const stranger = importInto({
      files: [file],
      format: 'webdataset',
      signal: 'temporal-order',
      out: join(root, 'z'),
    });
    await expect(runJob(stranger)).rejects.toThrow(/only become clips/);
  });
});

describe('patch-triplets as their authors list them', () => {
  it('gives a line of path and label for every patch, pairs next to each other, shuffled as pairs by the seed', async () => {
    const dir = join(root, 'pairs');
    const spec = { patches: { dtype: 'image', shape: [2] }, label: { dtype: 'int32', shape: [] } } as const;
    const sink = await openSink({ dir, header: makeHeader({ signal: 'patch-triplets', spec }) });
    const patch = (n: number) => ({ image: 'jpeg' as const, data: Uint8Array.of(0xff, 0xd8, n) });
    for (let n = 0; n < 20; n++) {
      const source = sourceId(n);
      const fields = { patches: [patch(2 * n), patch(2 * n + 1)], label: 100 + n };
      const provenance = { source, shot: 2, pts: [0, 9], timeBase: [1, 25] as const };
      await sink.writeUnit({
        source,
        shot: 2,
        samples: [{ key: `${source}/2/0`, fields, provenance }],
        rejections: {},
      });
    }
    await sink.finish(null);
    const list = async (out: string, seed: number) => {
      await runJob(exportFrom({ dir, format: 'authors', out: join(root, out), seed }));
      return readFileSync(join(root, out, 'list.txt'), 'utf8')
        .trim()
        .split('\n');
    };
    const lines = await list('list-a', 1);
    expect(lines).toHaveLength(40);
    const labels: number[] = [];
    for (let i = 0; i < 40; i += 2) {
      const [first, second] = lines
        .slice(i, i + 2)
        .map((line) => /^(patches\/\S+)-([01])\.jpg (\d+)$/.exec(line)!.slice(1));
      expect(second).toEqual([first![0], '1', first![2]]);
      const n = Number(first![2]) - 100;
      expect(first![0]).toBe(`patches/${sourceId(n)}/2-0`);
      expect(readFileSync(join(root, 'list-a', `${first![0]}-1.jpg`))).toEqual(Buffer.from(patch(2 * n + 1).data));
      labels.push(n);
    }
    expect([...labels].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(await list('list-b', 1)).toEqual(lines);
    expect(await list('list-c', 2)).not.toEqual(lines);
    expect((await list('list-c', 2)).sort()).toEqual([...lines].sort());
  });
});
