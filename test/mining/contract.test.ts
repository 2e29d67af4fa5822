import { describe, expect, it } from 'vitest';
import { checkConfig, checkFields, configJsonSchema, type MinedUnit } from '../../src/core/index.js';
import { miners, mineVideo, unitedViews, type AnyMiner, type MinerDefinition } from '../../src/mining/index.js';
import { loadEveryField } from './every-field.js';
import { digestOf, movingReel, openReel, patchReel, type FakeVideo, type Reel } from './fakes.js';
import { stereoReel } from './stereo-pairs/films.js';

// Every miner keeps this; a new one is covered by its line in the registry.

const subjects: readonly { name: string; load: () => Promise<AnyMiner> }[] = [
  ...miners.names.map((name) => ({ name, load: () => miners.load(name) })),
  { name: 'every-field', load: loadEveryField },
];

/** Settings under which slow miners see less and do all the same. */
const quick: Readonly<Record<string, object>> = {
  'motion-masks': {
    workSide: 96,
    storedSide: 96,
    mostFrames: 25,
    regions: 120,
    secondsApart: 0.2,
    leastAgreement: 0.3,
  },
};

const patches = patchReel('film', { frames: 250, cuts: [110] });

/** What miners are shown that find nothing in a film of moving patches. */
const films: Readonly<Record<string, Reel>> = { 'stereo-pairs': stereoReel('film', { takes: [34, 14] }) };

async function mineReel(
  miner: AnyMiner,
  reel: Reel,
  { seed = 1, shots = [0, 1], abort }: { seed?: number; shots?: readonly number[]; abort?: AbortController } = {},
): Promise<{ units: MinedUnit[]; video: FakeVideo }> {
  const { name, config } = miner as MinerDefinition;
  const signals = [{ name, miner, config: checkConfig(config, quick[name] ?? {}).config }];
  const video = openReel(reel, unitedViews(signals));
  const { signal } = abort ?? new AbortController();
  const units: MinedUnit[] = [];
  const options = { signals, units: shots.map((shot) => ({ shot, signal: name })), seed, stop: signal, signal };
  for await (const { unit } of mineVideo(video, options)) units.push(unit);
  return { units, video };
}

describe.each(subjects)('the miner $name', ({ name, load }) => {
  const film = films[name] ?? patches;

  it('has the name of its line and a version', async () => {
    const miner = (await load()) as MinerDefinition;
    expect(miner.name).toBe(name);
    expect(Number.isInteger(miner.version) && miner.version >= 1).toBe(true);
    expect(Object.keys(miner.sample).length).toBeGreaterThan(0);
  });

  it('has a default and a description for every key of its config, and knows no other', async () => {
    const { config } = (await load()) as MinerDefinition;
    const schema = configJsonSchema(config) as {
      properties: Record<string, { default?: unknown; description?: string }>;
    };
    for (const [key, property] of Object.entries(schema.properties)) {
      expect(property.default, key).toBeDefined();
      expect(property.description, key).toMatch(/\.$/);
    }
    expect(() => checkConfig(config, { noSuchKey: 1 })).toThrow(/noSuchKey/);
  });

  it('asks for views of whole, positive sizes', async () => {
    const miner = (await load()) as MinerDefinition;
    const views = Object.values(miner.views(checkConfig(miner.config, {}).config));
    expect(views.length).toBeGreaterThan(0);
    for (const { width, height } of views)
      for (const size of [width, height]) expect(Number.isInteger(size) && size > 0).toBe(true);
  });

  it('estimates each kind of truth in one way at most', async () => {
    const { estimate = [] } = (await load()) as MinerDefinition;
    expect(new Set(estimate.map(({ kind }) => kind)).size).toBe(estimate.length);
  });

  it('gives fields that are its spec, keys and times that are the shot', async () => {
    const miner = (await load()) as MinerDefinition;
    const { units } = await mineReel(miner, film);
    expect(units.map((unit) => unit.samples.length > 0)).toEqual([true, true]);
    for (const { shot, samples } of units) {
      const { startPts, endPts } = (await mineReel(miner, film, { shots: [] })).video.source.shots[shot]!;
      samples.forEach(({ key, fields, provenance }, n) => {
        expect(key).toBe(`film/${shot}/${n}`);
        expect(() => checkFields(miner.sample, fields)).not.toThrow();
        expect(provenance).toMatchObject({ source: 'film', shot });
        for (const pts of provenance.pts) expect(pts >= startPts && pts <= endPts).toBe(true);
      });
    }
  });

  it('gives the same bytes for the same seed, whatever else is mined', async () => {
    const miner = await load();
    const both = (await mineReel(miner, film)).units;
    const again = (await mineReel(miner, film)).units;
    const second = (await mineReel(miner, film, { shots: [1] })).units;
    expect(digestOf(again.flatMap((unit) => unit.samples))).toBe(digestOf(both.flatMap((unit) => unit.samples)));
    expect(digestOf(second[0]!.samples)).toBe(digestOf(both[1]!.samples));
    expect(second[0]!.rejections).toEqual(both[1]!.rejections);
    const other = (await mineReel(miner, film, { seed: 2 })).units;
    expect(digestOf(other.flatMap((unit) => unit.samples))).not.toBe(digestOf(both.flatMap((unit) => unit.samples)));
  });

  it('gives nothing from an empty shot', async () => {
    const { units } = await mineReel(await load(), { ...movingReel('none', { frames: 0 }) }, { shots: [0] });
    expect(units.map((unit) => unit.samples)).toEqual([[]]);
  });

  it('ends cleanly when cancelled half-way, and gives no unit', async () => {
    const abort = new AbortController();
    let shown = 0;
    const reel = {
      ...film,
      frame(i: number) {
        if (++shown === 40) abort.abort();
        return film.frame(i);
      },
    };
    const { units, video } = await mineReel(await load(), reel, { abort });
    expect(units).toEqual([]);
    expect(video.log.ended).toBe(video.log.opened);
  });

  it('closes every iteration it begins', async () => {
    const { video } = await mineReel(await load(), film);
    expect(video.log.opened).toBeGreaterThan(0);
    expect(video.log.ended).toBe(video.log.opened);
  });
});
