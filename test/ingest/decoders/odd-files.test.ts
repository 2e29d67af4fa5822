import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { testData } from '../../fixtures/test-data.js';
import { cannotCompare, compareDecoders } from './agreement.js';

/** One line of the data's own README. */
interface OddFile {
  readonly name: string;
  readonly decodable: number;
  readonly withErrors: boolean;
}

/** The table of odd and damaged files. */
function readOddFiles(readme: string): readonly OddFile[] {
  const section = readFileSync(readme, 'utf8').split('## Odd and damaged files')[1]!.split('\n## ')[0]!;
  return [...section.matchAll(/^\| `(.+?)` \|.*\/ (\d+)( \(with errors\))? \|$/gm)].map((row) => ({
    name: row[1]!,
    decodable: Number(row[2]),
    withErrors: row[3] !== undefined,
  }));
}

const data = testData();
const files = data === null ? [] : readOddFiles(join(data, 'README.md'));
const missing = await cannotCompare();

describe.skipIf(data === null || missing !== null)(
  `odd files in both decoders (need the shared test data and an ffmpeg program: ${missing ?? 'it is there'})`,
  () => {
    it('are 32', () => expect(files).toHaveLength(32));

    it.each(files)(
      '$name gives $decodable frames, or none and a code',
      async ({ name, decodable, withErrors }) => {
        const { frames, codes, sameTimes, worstPsnr } = await compareDecoders(join(data!, 'odd', name));
        for (const decoder of ['libav', 'ffmpeg'] as const) {
          if (decodable === 0) {
            expect(frames[decoder]).toBeNull();
            expect(codes[decoder]).toMatch(/^(?:cannot-open|no-video)$/);
          } else if (withErrors) {
            expect(Math.abs(frames[decoder]! - decodable)).toBeLessThanOrEqual(decodable * 0.05);
          } else expect(frames[decoder]).toBe(decodable);
        }
        if (withErrors) return;
        expect(sameTimes).toBe(true);
        expect(worstPsnr).toBeGreaterThanOrEqual(45);
      },
      60_000,
    );
  },
);
