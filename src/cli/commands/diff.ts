import type { Command } from 'commander';
import { addCommonOptions, runCommand, type CommonOptions } from '../command.js';

/** `reelmine diff A B`. */
export default function addDiff(program: Command): void {
  addCommonOptions(
    program
      .command('diff')
      .description('says what differs between two datasets or two corpora')
      .argument('<a>', 'a dataset or corpus')
      .argument('<b>', 'another of the same kind'),
  ).action((a: string, b: string, options: CommonOptions) =>
    runCommand('diff', options, async () => {
      const { diff } = await import('../../index.js');
      const differences = await diff(a, b);
      return {
        counts: { done: 1, skipped: 0, failed: 0 },
        outputs: [],
        text: differences.length === 0 ? 'no difference' : differences.join('\n'),
        more: { equal: differences.length === 0, differences },
      };
    }),
  );
}
