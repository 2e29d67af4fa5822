import { describe, expect, it } from 'vitest';
import { killChange, makeDatasets } from './kill-changes.js';

describe('a process that is killed with -9', () => {
  it(
    'while it forgets, merges or repairs loses nothing; running again ends as undisturbed',
    { timeout: 60_000 },
    async () => {
      const root = await makeDatasets();
      let killed = 0;
      for (const change of ['forget', 'merge', 'repair'] as const) killed += await killChange(root, change, [2, 25]);
      expect(killed).toBeGreaterThan(0);
    },
  );
});
