import { expect, it } from 'vitest';
import { createRandom } from '../../src/core/index.js';
import { killChange, makeDatasets } from './kill-changes.js';

const kills = Number(process.env['REELMINE_KILLS'] ?? 60);

for (const change of ['forget', 'merge', 'repair'] as const) {
  it(
    `loses nothing in ${kills} kills -9 of ${change}, and ends as if it had not been killed`,
    { timeout: 3_600_000 },
    async () => {
      const root = await makeDatasets();
      const random = createRandom(`kills ${change}`);
      let killed = 0;
      while (killed < kills) {
        const longest = 10 + random.int(250);
        killed += await killChange(
          root,
          change,
          Array.from({ length: 4 }, () => random.int(longest)),
        );
      }
      expect(killed).toBeGreaterThanOrEqual(kills);
    },
  );
}
