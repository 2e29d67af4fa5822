import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot, runJob } from '../../../src/core/index.js';
import { decoders, ingest, ingestConfig, openVideo, readCorpus } from '../../../src/ingest/index.js';
import { expandSources } from '../../../src/ingest/sources/index.js';
import { createShapeSet, shapeNames, shapeSetSize } from '../../../src/synthetic/index.js';

const built = existsSync(join(packageRoot(), 'dist', 'synthetic', 'shape-set.js'));
let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'reelmine-shapes-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('synthetic:shapes@SEED', () => {
  it('has an entry for each kind in a picture, ignored where only difficult shapes are of it, and as many pictures as asked for', async () => {
    const { candidates, absent, benchmarks } = await expandSources(['synthetic:shapes@3?train=40&test=25'], dir);
    expect(absent).toBe(0);
    expect(benchmarks).toEqual({ 'synthetic-shapes': { classNames: shapeNames, listed: 65, listedBy: 'group' } });
    const made = new Map(createShapeSet({ seed: 3, train: 40, test: 25 }).map((picture) => [picture.name, picture]));
    expect(candidates).toHaveLength(65);
    for (const { path, synthetic, benchmarks: entries } of candidates) {
      const { labels, role, name } = made.get(synthetic!.name)!;
      expect(path).toBe(join(dir, 'media', 'synthetic-shapes-3', `${name}.jpg`));
      expect(entries['synthetic-shapes']).toEqual(
        labels.map(({ label, className, ignored }) => ({
          key: `${className}/${name}`,
          label,
          className,
          group: name,
          roles: [role],
          ...(ignored ? { ignored: true } : {}),
        })),
      );
    }
    const whole = await expandSources(['synthetic:shapes@3'], dir);
    expect(whole.candidates).toHaveLength(shapeSetSize.train + shapeSetSize.test);
    // the first of either list: what --limit takes has both
    expect(whole.candidates.slice(0, 4).map(({ synthetic }) => synthetic!.name)).toEqual([
      '00000-test',
      '00000-train',
      '00001-test',
      '00001-train',
    ]);
  });

  it('refuses settings that are none, and sets of a fixed size take no settings', async () => {
    await expect(expandSources(['synthetic:shapes@3?tarin=4'], dir)).rejects.toThrow(/no setting "tarin".*"train"/);
    await expect(expandSources(['synthetic:shapes@3?train=-1'], dir)).rejects.toThrow(/train is a whole number/);
    await expect(expandSources(['synthetic:movers@3?train=4'], dir)).rejects.toThrow(/whole number, got "3\?train=4"/);
  });

  it.runIf(built)('is ingested as pictures that show what was drawn', async () => {
    const corpus = join(dir, 'corpus');
    await runJob(
      ingest({
        sources: ['synthetic:shapes@3?train=5&test=3'],
        corpus,
        config: ingestConfig.parse({}),
        decoder: 'libav',
        workers: 1,
        seed: 1,
        now: () => new Date('2020-01-01T00:00:00Z'),
      }),
    );
    const { sources } = await readCorpus(corpus);
    expect(sources).toHaveLength(8);
    const decoder = await decoders.load('libav');
    for (const source of sources) {
      expect(source).toMatchObject({ kind: 'synthetic', origin: 'synthetic:shapes@3', video: { frames: 1 } });
      const { group, roles } = source.benchmarks['synthetic-shapes']![0]!;
      const picture = createShapeSet({ seed: 3, train: 5, test: 3 }).find(({ name }) => name === group)!;
      expect(roles).toEqual([picture.role]);
      const views = { view: { width: 128, height: 128, fit: 'stretch', fps: null, channels: 3 } } as const;
      const video = await openVideo(source, { corpusRoot: corpus, decoder, views });
      const [frame] = await video.framesAt([source.video.startPts], 'view');
      await video.close();
      const drawn = picture.frame(0);
      const off = drawn.reduce((sum, value, i) => sum + Math.abs(value - frame!.data[i]!), 0) / drawn.length;
      expect(off).toBeLessThan(3); // what JPEG loses
    }
  });
});
