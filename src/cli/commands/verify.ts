import type { Command } from 'commander';
import { addCommonOptions, runCommand, type CommonOptions } from '../command.js';
import { exitCodes } from '../exit.js';

interface VerifyCommandOptions extends CommonOptions {
  readonly repair?: boolean;
}

/** `reelmine verify DIR`. */
export default function addVerify(program: Command): void {
  addCommonOptions(
    program
      .command('verify')
      .description('checks every record and checksum of a corpus or dataset and prints its digest')
      .argument('<dir>', 'a corpus or dataset')
      .option('--repair', 'rebuilds what can be; damaged files are put aside, and mining again fills what was lost'),
  ).action((dir: string, options: VerifyCommandOptions) =>
    runCommand('verify', options, async () => {
      const { verify } = await import('../../index.js');
      const { digest, records, problems, incomplete, repair } = await verify(dir, { repair: options.repair === true });
      const state = problems.length === 0 ? 'all sound' : `${problems.length} problems found`;
      const left = repair ? repair.left.length : problems.length;
      return {
        counts: { done: records, skipped: 0, failed: left, incomplete: incomplete.length },
        outputs: repair ? [dir] : [],
        text: [
          `${dir}: ${records} records, ${state}; digest ${digest ?? 'none'}`,
          ...problems.map((problem) => `  ${problem}`),
          ...(incomplete.length > 0 ? [`  ${incomplete.length} shots lack samples: run mine again to fill them`] : []),
          ...(repair ? ['repaired:', ...repair.done.map((step) => `  ${step}`)] : []),
          ...(repair && left > 0 ? ['still damaged:', ...repair.left.map((problem) => `  ${problem}`)] : []),
        ].join('\n'),
        more: { digest, problems, incomplete, repair },
        exitCode: problems.length > 0 ? exitCodes.failures : exitCodes.done,
      };
    }),
  );
}
