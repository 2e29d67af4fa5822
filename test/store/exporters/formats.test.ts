import { readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createRandom, decodeNpy, type Sample } from '../../../src/core/index.js';
import { openSink, readExportFile, readNpyExport, readWebDataset, decodeMembers } from '../../../src/store/index.js';
import { halfToNumber } from '../../../src/store/exporters/parquet-columns.js';
import { encodeMembers } from '../../../src/store/exporters/sample-members.js';
import { memberName } from '../../../src/store/exporters/webdataset.js';
import { decodeImage } from '../../../src/vision/index.js';
import { collect, everyField, everySpec, makeHeader, makeTemporaryFolder, sourceId } from '../fixture.js';
import { exportDataset, writeMixed, type mixedSpec, type Told } from './fixture.js';

const provenance = { source: 'a'.repeat(16), shot: 3, pts: [1, -2, 2 ** 50], timeBase: [1, 25] } as const;

describe('the files of a sample', () => {
  it('give every dtype back as it was', () => {
    const random = createRandom(3);
    for (let n = 0; n < 60; n++) {
      const sample: Sample = { key: `${provenance.source}/3/${n}`, fields: everyField(random), provenance };
      const labels = n % 2 === 0 ? null : { cluster: n, name: 'é"', share: 0.1 };
      const members = new Map(encodeMembers(everySpec, sample, labels).map(({ extension, data }) => [extension, data]));
      expect(decodeMembers(everySpec, members)).toEqual({ sample, labels });
    }
  });

  it('are refused where one is missing, of another kind, or the record is cut off', () => {
    const sample: Sample = { key: `${provenance.source}/3/0`, fields: everyField(createRandom(8)), provenance };
    const members = new Map(encodeMembers(everySpec, sample, null).map(({ extension, data }) => [extension, data]));
    for (const name of ['i32.npy', 'grid.2.', 'json']) {
      const fewer = new Map([...members].filter(([extension]) => !extension.startsWith(name)));
      expect(() => decodeMembers(everySpec, fewer), name).toThrow(/Not a sample/);
    }
    const swapped = new Map(members).set('i32.npy', members.get('f16.npy')!);
    expect(() => decodeMembers(everySpec, swapped)).toThrow(/holds float16, not int32/);
    const record = members.get('json')!;
    for (let length = 0; length < record.length - 1; length += 7)
      expect(() => decodeMembers(everySpec, new Map(members).set('json', record.subarray(0, length)))).toThrow(
        /Not a sample/,
      );
  });

  it('are named without dots and slashes, and differently for different keys', () => {
    expect(memberName('0123abcd/4/12')).toBe('0123abcd-4-12');
    const keys = ['a.b/1/2', 'a_b/1/2', 'a_2eb/1/2', 'é/1/2', 'a-1/1/2', 'a/11/2', 'a/1/12', 'a/b/1/2'];
    expect(new Set(keys.map(memberName)).size).toBe(keys.length);
    for (const key of keys) expect(memberName(key)).toMatch(/^[A-Za-z0-9_-]+$/);
  });
});

describe('readWebDataset', () => {
  const archive = async (entries: readonly (readonly [string, string])[]) => {
    const path = join(makeTemporaryFolder(), 'a.tar');
    const tar = pack();
    for (const [name, text] of entries) tar.entry({ name }, text);
    tar.finalize();
    const pieces = await collect(tar as unknown as AsyncIterable<Uint8Array>);
    writeFileSync(path, Buffer.concat(pieces));
    return path;
  };

  it('puts together what follows each other under one name, up to the first dot after the last slash', async () => {
    const entries = [
      ['v1.2/a.0.jpg', '0'],
      ['v1.2/a.1.jpg', '1'],
      ['v1.2/.hidden', 'x'],
      ['v1.2/a.cls', '7'],
      ['v1.2/b.jpg', '2'],
      ['none', 'x'],
      ['v1.2/a.jpg', 'again'],
      [`${'long/'.repeat(40)}c.json`, '{}'],
    ] as const;
    const groups = await collect(readWebDataset(await archive(entries)));
    expect(groups.map(({ key, members }) => [key, [...members.keys()]])).toEqual([
      ['v1.2/a', ['0.jpg', '1.jpg', 'cls']],
      ['v1.2/b', ['jpg']],
      ['v1.2/a', ['jpg']],
      [`${'long/'.repeat(40)}c`, ['json']],
    ]);
    expect(Buffer.from(groups[0]!.members.get('cls')!).toString()).toBe('7');
  });

  it('gives what stands before a break, then says that the archive is broken', async () => {
    const path = await archive([
      ['a.txt', 'x'.repeat(3000)],
      ['b.txt', 'y'.repeat(3000)],
    ]);
    writeFileSync(path, readFileSync(path).subarray(0, 6000));
    const keys: string[] = [];
    const read = async () => {
      for await (const { key } of readWebDataset(path)) keys.push(key);
    };
    await expect(read()).rejects.toMatchObject({ code: 'corrupt' });
    writeFileSync(path, 'no archive at all'.repeat(100));
    await expect(read()).rejects.toMatchObject({ code: 'corrupt' });
  });
});

describe('parquet', () => {
  it('reads back as what was mined: provenance, values, labels, arrays and pictures', async () => {
    const [dir, out] = [makeTemporaryFolder(), makeTemporaryFolder()];
    const samples = await writeMixed(dir);
    const set = { pictures: true, arrays: 'all', rowGroupBytes: 1000, shardBytes: 2000 };
    const { files, leftOut } = await exportDataset('parquet', dir, out, { set });
    expect(leftOut).toEqual({});
    expect(files.length).toBeGreaterThan(1);
    const rows = [];
    let groups = 0;
    for (const path of files) {
      const file = await asyncBufferFromFile(path);
      groups += (await parquetMetadataAsync(file)).row_groups.length;
      rows.push(...(await parquetReadObjects({ file, utf8: false })));
    }
    expect(groups).toBeGreaterThan(files.length);
    expect(rows).toHaveLength(samples.length);
    rows.forEach((row, i) => {
      const { key, fields, provenance: place } = samples[i]! as unknown as Sample<typeof mixedSpec>;
      expect(row).toMatchObject({
        key,
        source: place.source,
        shot: place.shot,
        pts: place.pts.map(BigInt),
        timeBase: [1001n, 30_000n],
        label: fields.label,
        big: fields.big,
        isOpen: fields.isOpen,
        word: fields.word,
        words: fields.words,
        boxes: [...fields.boxes],
        track: [...fields.track],
        grid_shape: fields.grid.shape,
        half: [1, -2.5, 2 ** -24],
        maybe: fields.maybe ?? null,
      });
      expect([...(row['grid'] as Uint8Array)]).toEqual([...fields.grid.data]);
      expect(row['never'] ?? null).toBeNull();
      expect(row['score']).toBe(fields.score);
      fields.pictures.forEach(({ data }, n) => {
        expect(Buffer.compare((row['pictures'] as { bytes: Uint8Array }[])[n]!.bytes, data)).toBe(0);
      });
      const labels = row['labels'] as string | null;
      expect(labels === null ? null : JSON.parse(labels)).toEqual(
        i < 8 ? { cluster: i % 3, name: `c${i % 3}`, share: 0.1 * i } : null,
      );
    });
  });

  it('leaves large arrays and pictures out unless they are asked for, and says so in the card', async () => {
    const [dir, out] = [makeTemporaryFolder(), makeTemporaryFolder()];
    await writeMixed(dir);
    const licences = new Map([
      ['CC-BY-4.0', 3],
      ['not stated', 1],
    ]);
    const { leftOut } = await exportDataset('parquet', dir, out, { licences });
    expect(Object.keys(leftOut)).toEqual(['track', 'grid', 'pictures']);
    const card = readFileSync(join(out, 'README.md'), 'utf8');
    const [, head = '', body = ''] = card.split(/^---$/m);
    expect(parse(head)).toMatchObject({
      license: 'other',
      size_categories: ['n<1K'],
      configs: [{ config_name: 'default', data_files: [{ split: 'train', path: 'train-*.parquet' }] }],
      dataset_info: { splits: [{ name: 'train', num_examples: 12 }] },
    });
    expect(body).toContain('CC-BY-4.0 (3), not stated (1)');
    expect(body).toContain('`track` is left out: a large array (arrays=all).');
    expect(body).toContain('| `maybe` | float64 | one value, may be absent |');
  });

  it('knows every number of half precision', () => {
    for (let bits = 0; bits < 65_536; bits++) {
      // The slow way: the fraction bit by bit.
      const exponent = (bits >> 10) & 31;
      let value = exponent === 0 ? 0 : 1;
      for (let i = 0; i < 10; i++) if ((bits >> (9 - i)) & 1) value += 2 ** -(i + 1);
      const wanted =
        exponent === 31 ? (value === 1 ? Infinity : NaN) : value * 2 ** (exponent === 0 ? -14 : exponent - 15);
      if (!Object.is(halfToNumber(bits), bits >> 15 ? -wanted : wanted)) expect(halfToNumber(bits)).toBe(wanted);
    }
  });
});

describe('npy', () => {
  it('holds a row for each sample; arrays of different sizes one after another, with offsets', async () => {
    const [dir, out] = [makeTemporaryFolder(), makeTemporaryFolder()];
    const samples = (await writeMixed(dir)) as unknown as readonly Sample<typeof mixedSpec>[];
    const { leftOut } = await exportDataset('npy', dir, out);
    expect(Object.keys(leftOut)).toEqual(['word', 'words', 'never']);
    const load = (name: string) => decodeNpy(readFileSync(join(out, `${name}.npy`)));
    expect(load('boxes')).toEqual({
      dtype: 'float32',
      shape: [12, 2, 4],
      data: Float32Array.from(samples.flatMap(({ fields }) => [...fields.boxes])),
    });
    expect(load('big').data).toEqual(BigInt64Array.from(samples.map(({ fields }) => fields.big)));
    expect([...load('isOpen').data]).toEqual(samples.map(({ fields }) => Number(fields.isOpen)));
    expect(load('pictures').shape).toEqual([12, 2, 4, 6, 3]);
    const pixels = load('pictures').data as Uint8Array;
    for (const [i, { fields }] of samples.entries())
      for (const [n, picture] of fields.pictures.entries()) {
        const { data } = await decodeImage(picture);
        expect(Buffer.compare(data, pixels.subarray((2 * i + n) * 72, (2 * i + n + 1) * 72))).toBe(0);
      }
    const [track, offsets] = [load('track'), load('track.offsets')];
    expect(track.shape).toEqual([Number(offsets.data.at(-1)), 2]);
    const [grid, gridAt, gridSizes] = [load('grid'), load('grid.offsets'), load('grid.shapes')];
    samples.forEach(({ fields }, i) => {
      const [from, to] = [Number(offsets.data[i]), Number(offsets.data[i + 1])];
      expect((track.data as Float32Array).slice(2 * from, 2 * to)).toEqual(fields.track);
      expect((grid.data as Uint8Array).slice(Number(gridAt.data[i]), Number(gridAt.data[i + 1]))).toEqual(
        fields.grid.data,
      );
      expect([Number(gridSizes.data[2 * i]), Number(gridSizes.data[2 * i + 1])]).toEqual(fields.grid.shape);
    });
    expect([...load('maybe.present').data]).toEqual(samples.map(({ fields }) => Number(fields.maybe !== undefined)));
    expect([...load('maybe').data]).toEqual(samples.flatMap(({ fields }) => fields.maybe ?? []));
    const lines = readFileSync(join(out, 'samples.jsonl'), 'utf8').trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { key: string }).key)).toEqual(samples.map(({ key }) => key));
  });

  it('refuses pictures of different sizes with a reason, and goes on with the rest', async () => {
    const [dir, out] = [makeTemporaryFolder(), makeTemporaryFolder()];
    const spec = { picture: { dtype: 'image', shape: [] }, label: { dtype: 'int32', shape: [] } } as const;
    const sink = await openSink({ dir, header: makeHeader({ spec }) });
    const broken = { image: 'png' as const, data: Uint8Array.of(1, 2, 3) };
    const source = sourceId(1);
    const samples = [
      { key: `${source}/0/0`, fields: { picture: broken, label: 4 }, provenance: { ...provenance, source, shot: 0 } },
    ];
    await sink.writeUnit({ source, shot: 0, samples, rejections: {} });
    await sink.finish(null);
    const told: Told = { failures: [], warnings: [], progress: [] };
    const { leftOut, files } = await exportDataset('npy', dir, out, { told });
    expect(leftOut['picture']).toContain('a picture cannot be read');
    expect(told.warnings).toHaveLength(1);
    expect(files.map((file) => basename(file))).toEqual(['samples.jsonl', 'label.npy']);
    await expect(collect(readNpyExport(out, readExportFile(out)!))).rejects.toMatchObject({ code: 'not-whole' });
    expect(dirname(files[0]!)).toBe(out);
  });
});
