import type { Command } from 'commander';
import { addCommonOptions, runCommand, type CommonOptions } from '../command.js';
import { exitCodes } from '../exit.js';

/** `reelmine verify DIR`. */
export default function addVerify(program: Command): void {
  addCommonOptions(
    program
      .command('verify')
      .description('checks every record and checksum of a corpus or dataset and prints its digest')
      .argument('<dir>', 'a corpus or dataset'),
  ).action((dir: string, options: CommonOptions) =>
    runCommand('verify', options, async () => {
      const { verify } = await import('../../index.js');
      const report = await verify(dir);
      return {
        counts: { done: report.records, skipped: 0, failed: report.problems.length },
        outputs: [],
        text: [
          `${dir}: ${report.records} records, ${report.problems.length === 0 ? 'all sound' : `${report.problems.length} damaged`}; digest ${report.digest ?? 'none'}`,
          ...report.problems.map((problem) => `  ${problem}`),
        ].join('\n'),
        more: { digest: report.digest, problems: report.problems },
        exitCode: report.problems.length > 0 ? exitCodes.failures : exitCodes.done,
      };
    }),
  );
}
