import { Option, type Command } from 'commander';
import { addCommonOptions, runCommand, type CommonOptions } from '../command.js';
import { exitCodes } from '../exit.js';
import { describeCounts, describeFailures } from '../text.js';

interface RetryCommandOptions extends CommonOptions {
  readonly corpus: string;
  readonly reason?: string;
}

/** `reelmine retry --corpus DIR`. */
export default function addRetry(program: Command): void {
  addCommonOptions(
    program
      .command('retry')
      .description('tries again what failed when a corpus was ingested, with the settings of then')
      .requiredOption('--corpus <dir>', 'folder of the corpus')
      .addOption(new Option('--reason <code>', 'only what failed for this reason, such as timeout or download-failed')),
  ).action((options: RetryCommandOptions) =>
    runCommand('retry', options, async ({ onEvent, stop }) => {
      const { retry, runJob } = await import('../../index.js');
      const result = await runJob(retry(options, stop), onEvent);
      const { counts, digest, failures, left } = result;
      const tried = counts.done + counts.skipped + counts.failed;
      const nothing = counts.done === 0 && counts.skipped === 0 && counts.failed > 0;
      const what =
        tried === 0
          ? `nothing that failed${options.reason === undefined ? '' : ` for ${options.reason}`} can be tried again`
          : describeCounts(counts, 'videos');
      return {
        counts,
        outputs: [options.corpus],
        text: [
          `${options.corpus}: ${what}${left > 0 ? `, ${left} other failures left alone` : ''}; digest ${digest}`,
          ...describeFailures(failures),
        ].join('\n'),
        more: { digest, left },
        ...(nothing ? { exitCode: exitCodes.nothing } : {}),
      };
    }),
  );
}
