import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runJob } from '../../src/core/index.js';
import { mine, miners, type AnyMiner, type MineOptions, type MinerDefinition } from '../../src/mining/index.js';
import { clipFrames, makeClipCorpus, type ClipCorpus } from './clips.js';
import { everyFieldModule, loadEveryField } from './every-field.js';
import { memorySink, type MemorySink } from './fakes.js';
import { mineClips, now, type EveryFieldRun } from './mine-clips.js';

const clips = 4;
let corpus: ClipCorpus;
let everyField: AnyMiner;

beforeAll(async () => {
  corpus = await makeClipCorpus(clips);
  everyField = await loadEveryField();
});

afterAll(() => corpus.remove());

const mineWith = (settings: object, job?: Partial<MineOptions>, stop?: AbortSignal): Promise<EveryFieldRun> =>
  mineClips(corpus, settings, job, stop);
const temporary = (name: string): string => join(corpus.root, name);

describe('mine', () => {
  it('gives the same bytes with one and two workers, in any order, alone and together, decoding once', async () => {
    const temporalOrder = (await miners.load('temporal-order')) as MinerDefinition;
    const settings = {
      imageWidth: 64,
      imageHeight: 64,
      flowWidth: 64,
      flowHeight: 48,
      lookalikeMsd: 0,
      duplicateMsd: 0,
    };
    const run = async (workers: number, reverse: boolean, alone: boolean) => {
      const sinks = { 'every-field': memorySink(), 'temporal-order': memorySink({ writeDelayMs: 3 }) };
      const signals = [
        {
          miner: everyField,
          name: 'every-field',
          config: (everyField as MinerDefinition).config.parse({}),
          module: everyFieldModule,
        },
        { miner: temporalOrder as AnyMiner, name: 'temporal-order', config: temporalOrder.config.parse(settings) },
      ].slice(alone ? 1 : 0);
      const sources = reverse ? [...corpus.sources].reverse() : corpus.sources;
      const options = { signals, corpus: { ...corpus, sources }, decoder: 'libav', sinks, workers, seed: 3, now };
      return { sinks, result: await runJob(mine(options)) };
    };
    const one = await run(1, false, false);
    const two = await run(2, true, false);
    const alone = await run(2, false, true);
    expect(one.sinks['temporal-order'].units.size).toBe(2 * clips);
    expect(one.result.signals['temporal-order']!.counts['samples']).toBeGreaterThan(10);
    for (const name of ['every-field', 'temporal-order'] as const) {
      expect(two.sinks[name].digest).toBe(one.sinks[name].digest);
      expect(two.result.signals[name]!.summary).toEqual(one.result.signals[name]!.summary);
      expect(two.sinks[name].finished).toEqual(one.sinks[name].finished);
    }
    expect(alone.sinks['temporal-order'].digest).toBe(one.sinks['temporal-order'].digest);
    // Each shot is decoded once for both signals; a decoder may run a few frames into the next shot, or back to a key frame.
    expect(one.result.framesDecoded).toBeGreaterThanOrEqual(clips * clipFrames);
    expect(one.result.framesDecoded - alone.result.framesDecoded).toBeLessThanOrEqual(3 * clips * clipFrames);
    expect(one.result).toMatchObject({ stopped: false, failures: [], counts: { done: clips, skipped: 0, failed: 0 } });
  });

  it('gives the stage of the whole dataset to the sink', async () => {
    const { sink, result } = await mineWith({});
    const [stage] = sink.finished;
    expect(stage?.labels.size).toBe(result.counts['samples']);
    const sum = [...sink.units.values()]
      .flatMap((unit) => unit.samples)
      .reduce((total, { fields }) => total + (fields['count'] as number), 0);
    expect(stage?.artefacts['sum']?.data).toEqual(Float64Array.of(sum));
    expect(result.signals['every-field']).toMatchObject({ counts: { done: 2 * clips, skipped: 0, failed: 0 } });
    expect(result.signals['every-field']!.summary?.samples).toBe(result.counts['samples']);
  });

  it('brings every dtype through the process border as the miner made it', async () => {
    const { sink } = await mineWith({});
    const { fields } = [...sink.units.values()][0]!.samples[1]!;
    expect(fields['tick']).toBeTypeOf('bigint');
    expect(fields['ticks']).toBeInstanceOf(BigInt64Array);
    expect(fields['halves']).toEqual(Uint16Array.of(0, 0x3c00, 0x4000, 0x4200));
    expect(fields['flag']).toBeTypeOf('boolean');
    expect(fields['names']).toEqual(['é', '']);
    expect(fields['picture']).toMatchObject({ image: 'png' });
  });

  it('tells how many videos and samples are done', async () => {
    const { events, result } = await mineWith({});
    const progress = events.filter((event) => event.kind === 'progress');
    expect(progress[0]).toMatchObject({ stage: 'mine', done: 0, total: clips, unit: 'videos' });
    expect(progress.at(-1)).toMatchObject({ done: clips, total: clips, counts: { samples: result.counts['samples'] } });
  });

  it('mines only the units that are missing, and opens no video that lacks none', async () => {
    const whole = await mineWith({});
    const sink = memorySink();
    const [first, second, ...others] = corpus.sources;
    for (const unit of whole.sink.units.values()) {
      if (others.some(({ id }) => id === unit.source) || (unit.source === second!.id && unit.shot === 0))
        await sink.writeUnit(unit);
    }
    const traces = temporary('traces');
    const { result } = await mineWith({ file: traces }, { sinks: { 'every-field': sink } });
    const mined = readFileSync(traces, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[1]);
    rmSync(traces);
    expect(mined.sort()).toEqual([`${first!.id}/0`, `${first!.id}/1`, `${second!.id}/1`].sort());
    expect(sink.digest).toBe(whole.sink.digest);
    expect(result.counts).toMatchObject({ done: 2, skipped: clips - 2, failed: 0 });
    expect(result.signals['every-field']!.counts).toMatchObject({ done: 3, skipped: 2 * clips - 3, failed: 0 });
    const again = await mineWith({}, { sinks: { 'every-field': sink }, decoder: 'no-such-decoder' });
    expect(again.result).toMatchObject({ framesDecoded: 0, counts: { done: 0, skipped: clips } });
  });

  it('writes the unit in hand and ends when stopped, without finishing; a later run gives the same as one', async () => {
    const whole = await mineWith({});
    const stop = new AbortController();
    const written = memorySink();
    const sink: MemorySink = {
      ...written,
      async writeUnit(unit) {
        await written.writeUnit(unit);
        stop.abort();
      },
    };
    const { result } = await mineWith(
      { behaviour: 'slow', on: 'clip' },
      { sinks: { 'every-field': sink }, workers: 2 },
      stop.signal,
    );
    expect(result.stopped).toBe(true);
    expect(result.signals['every-field']!.summary).toBeNull();
    expect(written.finished).toEqual([]);
    expect(written.units.size).toBeGreaterThanOrEqual(1);
    expect(written.units.size).toBeLessThan(2 * clips);
    expect(result.signals['every-field']!.counts.done).toBe(written.units.size);
    const { result: rest } = await mineWith({}, { sinks: { 'every-field': written } });
    expect(rest.stopped).toBe(false);
    expect(written.digest).toBe(whole.sink.digest);
  });

  it('holds at most two units of a worker that wait for the disk', async () => {
    let writing = 0;
    let most = 0;
    const memory = memorySink();
    const sink: MemorySink = {
      ...memory,
      async writeUnit(unit) {
        most = Math.max(most, ++writing);
        await new Promise((resolve) => setTimeout(resolve, 60));
        writing--;
        await memory.writeUnit(unit);
      },
    };
    const many = corpus.sources[0]!;
    const { startPts, endPts } = many.video;
    const step = (endPts - startPts) / 12;
    const shots = Array.from({ length: 12 }, (_, index) => ({
      index,
      startPts: startPts + index * step,
      endPts: startPts + (index + 1) * step,
      crop: null,
    }));
    await mineWith({}, { corpus: { ...corpus, sources: [{ ...many, shots }] }, sinks: { 'every-field': sink } });
    expect(memory.units.size).toBe(12);
    expect(most).toBeLessThanOrEqual(2);
  });

  it('works on its part and limit, and ends well with nothing to do', async () => {
    const limited = await mineWith({}, { limit: 2 });
    expect(new Set([...limited.sink.units.values()].map((unit) => unit.source))).toEqual(
      new Set(corpus.sources.slice(0, 2).map(({ id }) => id)),
    );
    const parts = await Promise.all([0, 1].map((index) => mineWith({}, { part: { index, count: 2 } })));
    expect(parts.reduce((sum, { sink }) => sum + sink.units.size, 0)).toBe(2 * clips);
    const none = await mineWith({}, { limit: 0 });
    expect(none.result).toMatchObject({ stopped: false, counts: { done: 0 }, failures: [] });
    expect(none.sink.finished).toHaveLength(1);
  });

  it('refuses what it cannot do before it starts', async () => {
    await expect(mineWith({}, { workers: 0 })).rejects.toThrow(/workers must be at least 1, got 0/);
    await expect(mineWith({}, { sinks: {} })).rejects.toThrow(/sinks has none for the signal every-field/);
    await expect(mineWith({}, { split: 1 })).rejects.toMatchObject({ code: 'no-such-split' });
    await expect(
      mineWith({}, { signals: [{ miner: everyField, name: 'every-field', config: { evry: 1 } }] }),
    ).rejects.toThrow(/evry.*every/);
  });
});
