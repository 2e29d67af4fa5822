import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { forgetSources, openDataset, openSink, verifyDataset } from '../../src/store/index.js';
import { networkFileSystem } from '../../src/store/shard-place.js';
import { makeHeader, makeTemporaryFolder, makeUnit, sourceId, writeDataset } from './fixture.js';

let dir: string;
let scratch: string;
const before = process.env['REELMINE_SCRATCH'];

beforeEach(() => {
  dir = join(makeTemporaryFolder(), 'mined');
  scratch = makeTemporaryFolder();
  process.env['REELMINE_SCRATCH'] = scratch;
});
afterEach(() => {
  if (before === undefined) delete process.env['REELMINE_SCRATCH'];
  else process.env['REELMINE_SCRATCH'] = before;
  delete process.env['REELMINE_STAGE'];
});

const units = Array.from({ length: 10 }, (_, n) => makeUnit(sourceId(n >> 1), n % 2, 3));
const open = (more: object = {}) => openSink({ dir, header: makeHeader(), stage: true, ...more });

/** A copy of what a killed process leaves, under the name under which it leaves it. */
async function leaveBehind(write: (sink: Awaited<ReturnType<typeof open>>) => Promise<void>): Promise<void> {
  const sink = await open();
  await write(sink);
  const [name = ''] = readdirSync(scratch);
  const shards = readdirSync(join(scratch, name)).filter((file) => file.endsWith('.mdb'));
  const files = shards.map((file) => [file, readFileSync(join(scratch, name, file))] as const);
  const published = readdirSync(dir).map((file) => [file, readFileSync(join(dir, file))] as const);
  await sink.close();
  const { rmSync, writeFileSync } = await import('node:fs');
  for (const file of readdirSync(dir)) rmSync(join(dir, file));
  for (const [file, bytes] of published) if (file !== 'dataset.lock') writeFileSync(join(dir, file), bytes);
  mkdirSync(join(scratch, `${name}x`));
  for (const [file, bytes] of files) writeFileSync(join(scratch, `${name}x`, file), bytes);
}

describe('a dataset on a network file system', () => {
  it('is written in the scratch folder and appears shard by shard when it is closed, with the same digest', async () => {
    const sink = await open();
    for (const unit of units) await sink.writeUnit(unit);
    expect((await verifyDataset(dir)).units).toBe(0); // empty shards
    expect(readdirSync(scratch)).toHaveLength(1);
    const { digest } = await sink.finish(null);
    expect(digest).toBe((await writeDataset(makeTemporaryFolder())).digest);
    expect(readdirSync(scratch)).toEqual([]);
    expect(readdirSync(dir).filter((name) => !/^(dataset\.json|\d{5}\.(mdb|json))$/.test(name))).toEqual([]);
    expect((await verifyDataset(dir)).problems).toEqual([]);
    const dataset = await openDataset(dir);
    expect(dataset.size).toBe(30);
    await dataset.close();
  });

  it('goes on from what was published, with or without staging', async () => {
    const first = await open();
    for (const unit of units.slice(0, 4)) await first.writeUnit(unit);
    await first.close();
    expect(readdirSync(scratch)).toEqual([]);
    expect((await verifyDataset(dir)).units).toBe(4);
    const second = await open({ stage: false });
    expect(units.map(({ source, shot }) => second.hasUnit(source, shot)).filter(Boolean)).toHaveLength(4);
    for (const unit of units.slice(4, 8)) await second.writeUnit(unit);
    await second.close();
    const third = await open();
    for (const unit of units.slice(8)) await third.writeUnit(unit);
    expect((await third.finish(null)).digest).toBe((await writeDataset(makeTemporaryFolder())).digest);
  });

  it('copies shards in between once enough has been written', async () => {
    const sink = await open({ publishBytes: 1 });
    await sink.writeUnit(units[0]!);
    await sink.writeUnit(units[2]!);
    const shards = readdirSync(dir).filter((name) => name.endsWith('.mdb'));
    expect(shards.length).toBeGreaterThan(0);
    expect(sink.hasUnit(units[0]!.source, units[0]!.shot)).toBe(true);
    for (const unit of units.slice(1)) if (!sink.hasUnit(unit.source, unit.shot)) await sink.writeUnit(unit);
    expect((await sink.finish(null)).digest).toBe((await writeDataset(makeTemporaryFolder())).digest);
  });

  it('takes over what a killed run had in the scratch folder, and only if it is of the same dataset', async () => {
    await leaveBehind(async (sink) => {
      for (const unit of units.slice(0, 5)) await sink.writeUnit(unit);
    });
    const other = await openSink({ dir: `${dir}-2`, header: makeHeader(), stage: true });
    expect(other.hasUnit(units[0]!.source, 0)).toBe(false);
    await other.close();
    expect(readdirSync(scratch)).toHaveLength(1);
    const sink = await open();
    expect(units.map(({ source, shot }) => sink.hasUnit(source, shot)).filter(Boolean)).toHaveLength(5);
    expect(readdirSync(scratch)).toHaveLength(1); // its own
    await sink.close();
    expect((await verifyDataset(dir)).units).toBe(5);
  });

  it('forgets what a killed run had in the scratch folder too', async () => {
    await leaveBehind(async (sink) => {
      for (const unit of units) await sink.writeUnit(unit);
    });
    process.env['REELMINE_STAGE'] = 'on';
    const sink = await openSink({ dir, header: makeHeader() });
    await sink.finish(null);
    await leaveBehind(async () => {});
    await forgetSources({ dir, sources: new Set([sourceId(1)]), runStage: () => Promise.resolve(null) });
    expect(readdirSync(scratch)).toEqual([]);
    const dataset = await openDataset(dir);
    expect(dataset.sources).not.toContain(sourceId(1));
    expect(dataset.size).toBe(24);
    await dataset.close();
  });
});

describe('networkFileSystem', () => {
  it('takes a local folder for local', () => {
    expect(networkFileSystem(scratch)).toBeNull();
    expect(existsSync('/proc/self/mounts') ? networkFileSystem('/proc') : null).toBeNull();
  });
});
