import { beforeAll, describe, expect, it } from 'vitest';
import type { MinedUnit } from '../../src/core/index.js';
import {
  mineVideo,
  unitedViews,
  type AnyMiner,
  type MinerDefinition,
  type MiningSignal,
  type UnitId,
} from '../../src/mining/index.js';
import { loadEveryField } from './every-field.js';
import { digestOf, movingReel, openReel } from './fakes.js';

const film = movingReel('film', { frames: 90, cuts: [30, 60] });
const never = new AbortController().signal;
let miner: AnyMiner;

beforeAll(async () => {
  miner = await loadEveryField();
});

function signalOf(name: string, settings: object = {}): MiningSignal {
  return { name, miner, config: (miner as MinerDefinition).config.parse(settings) };
}

async function collect(
  signals: readonly MiningSignal[],
  {
    wanted = signals.flatMap(({ name }) => [0, 1, 2].map((shot) => ({ shot, signal: name }))),
    stop = never,
    pull = () => {},
  }: { wanted?: readonly UnitId[]; stop?: AbortSignal; pull?: (count: number) => void } = {},
) {
  const video = openReel(film, unitedViews(signals));
  const units: { signal: string; unit: MinedUnit }[] = [];
  for await (const unit of mineVideo(video, { signals, units: wanted, seed: 1, stop, signal: never })) {
    units.push(unit);
    pull(units.length);
  }
  return { units, video };
}

describe('mineVideo', () => {
  it('gives each unit of each signal once, shot by shot', async () => {
    const { units } = await collect([signalOf('one'), signalOf('two', { every: 4 })]);
    expect(units.map(({ signal, unit }) => `${signal} ${unit.shot} ${unit.samples.length}`)).toEqual([
      'one 0 3',
      'two 0 8',
      'one 1 3',
      'two 1 8',
      'one 2 3',
      'two 2 8',
    ]);
  });

  it('names the views of all signals apart', () => {
    expect(Object.keys(unitedViews([signalOf('one'), signalOf('two')]))).toEqual(['one/tiny', 'two/tiny']);
  });

  it('gives a unit the same bytes mined alone, with others, or under the same name again', async () => {
    const together = await collect([signalOf('one'), signalOf('two')]);
    const alone = await collect([signalOf('two')], { wanted: [{ shot: 2, signal: 'two' }] });
    expect(alone.units).toHaveLength(1);
    expect(digestOf(alone.units[0]!.unit.samples)).toBe(digestOf(together.units[5]!.unit.samples));
    expect(digestOf(together.units[4]!.unit.samples)).not.toBe(digestOf(together.units[5]!.unit.samples));
  });

  it('reads nothing of shots that are not asked for', async () => {
    const { video } = await collect([signalOf('one')], { wanted: [{ shot: 1, signal: 'one' }] });
    expect(video.log.frames).toBe(30);
  });

  it('mines on only when it is pulled', async () => {
    const signals = [signalOf('one')];
    const video = openReel(film, unitedViews(signals));
    const wanted = [0, 1, 2].map((shot) => ({ shot, signal: 'one' }));
    const units = mineVideo(video, { signals, units: wanted, seed: 1, stop: never, signal: never });
    await units.next();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(video.log.frames).toBe(30);
    await units.return(undefined);
    expect(video.log.ended).toBe(video.log.opened);
  });

  it('finishes the unit in hand when stopped, and begins no other', async () => {
    const stop = new AbortController();
    const { units } = await collect([signalOf('one')], {
      stop: stop.signal,
      pull: (count) => {
        if (count === 2) stop.abort();
      },
    });
    expect(units.map(({ unit }) => unit.shot)).toEqual([0, 1]);
  });

  it('counts rejections by code and keeps four places of each', async () => {
    const { units } = await collect([signalOf('one', { every: 1000 })]);
    const { still } = units[0]!.unit.rejections;
    expect(still!.count).toBe(4);
    const all = await collect([signalOf('one', { every: 1000 })], { wanted: [{ shot: 0, signal: 'one' }] });
    expect(all.units[0]!.unit.rejections['still']!.examples[0]).toEqual({
      span: { startPts: 144, endPts: 145 },
      box: { x: 1, y: 2, width: 3, height: 4 },
    });
  });

  it('takes no more than four examples, however many there are', async () => {
    const long = movingReel('long', { frames: 100 });
    const signals = [signalOf('one', { every: 1000 })];
    const units: MinedUnit[] = [];
    const options = { signals, units: [{ shot: 0, signal: 'one' }], seed: 1, stop: never, signal: never };
    for await (const { unit } of mineVideo(openReel(long, unitedViews(signals)), options)) units.push(unit);
    expect(units[0]!.rejections['still']).toMatchObject({ count: 14 });
    expect(units[0]!.rejections['still']!.examples).toHaveLength(4);
  });

  it('gives the span as times where the miner names none', async () => {
    const { units } = await collect([signalOf('one')]);
    expect(units[0]!.unit.samples[1]!.provenance).toEqual({
      source: 'film',
      shot: 0,
      pts: [240, 241],
      timeBase: [1, 600],
    });
  });

  it('hands frozen facts of the survey to every shot, and lets a survey see 12 frames', async () => {
    const { units } = await collect([signalOf('one')]);
    const names = units.map(({ unit }) => unit.samples[0]!.fields['name']);
    expect(new Set(names).size).toBe(1);
    expect(names[0]).toMatch(/^facts \d+ \d+ \d+$/);
    await expect(collect([signalOf('one', { behaviour: 'survey-too-much' })])).rejects.toThrow(
      /12 frames to survey, asked for 13/,
    );
  });

  it('says which field of which sample is not of the spec', async () => {
    await expect(collect([signalOf('one', { behaviour: 'wrong-field' })])).rejects.toThrow(
      /one gave a sample film\/0\/0 that is not of its spec: Field bytes must have shape \[2, 3\]/,
    );
  });
});
