import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nativeFolder, tensorflowParts, writeEnvironment } from '../../src/core/index.js';

import { isolateTests, path, real, run, usePrograms } from './isolated.js';

isolateTests();

describe.skipIf(real === null)('setup with a TensorFlow that is there (needs reelmine setup)', () => {
  it(
    'works when run twice at once, keeps what is there, repairs, and takes all away',
    { timeout: 240_000 },
    async () => {
      const libraries = real!.libraryFolder;
      mkdirSync(join(nativeFolder(), 'lmdb-0.0.0.1.tmp'), { recursive: true });
      const notes: string[] = [];
      const both = await Promise.all([
        run({ from: libraries, optional: true }, notes),
        run({ from: libraries, optional: true }, notes),
      ]);
      expect(
        both.map(({ parts }) =>
          parts
            .filter(({ state }) => state === 'missing' || state === 'removed')
            .filter(({ name }) => name !== 'ffmpeg'),
        ),
      ).toEqual([[], []]);
      expect(notes.filter((note) => note === 'building the addon')).toHaveLength(1);
      expect(notes).toContain('waiting for another setup');
      expect(readdirSync(nativeFolder()).filter((name) => name.endsWith('.tmp') || name === 'lock')).toEqual([]);
      expect(tensorflowParts()).toMatchObject({ version: real!.version, variant: 'given', libraryFolder: libraries });

      usePrograms('ffmpeg'); // neither pip nor compiler: nothing may be started any more
      const startMs = performance.now();
      const again = await run();
      expect(performance.now() - startMs).toBeLessThan(500);
      expect(again.parts.map(({ state }) => state)).toEqual(['ready', 'ready', 'ready']);

      rmSync(tensorflowParts()!.addon);
      expect(tensorflowParts()).toBeNull();
      writeEnvironment('PATH', path);
      await run({ from: libraries, optional: true });
      expect(existsSync(tensorflowParts()!.addon)).toBe(true);

      const { parts } = await run({ remove: true });
      expect(parts.map(({ state }) => state)).toEqual(['removed', 'removed', 'removed']);
      expect(existsSync(nativeFolder())).toBe(false);
      expect(existsSync(join(libraries, 'libtensorflow_cc.so.2'))).toBe(true);
    },
  );
});
