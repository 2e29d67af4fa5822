import type { Command } from 'commander';
import { addCommonOptions, runCommand, type CommonOptions } from '../command.js';

interface SetupCommandOptions extends CommonOptions {
  readonly gpu?: boolean;
  readonly tensorflow?: string;
  readonly from?: string;
  readonly remove?: boolean;
  readonly optional?: boolean;
}

/** `reelmine setup`. */
export default function addSetup(program: Command): void {
  addCommonOptions(
    program
      .command('setup')
      .description('fetches TensorFlow and builds the native parts, once per user')
      .option('--gpu', 'the CUDA build of TensorFlow')
      .option('--tensorflow <version>', 'another version of TensorFlow')
      .option('--from <path>', 'a TensorFlow wheel, or a folder in which TensorFlow is installed')
      .option('--remove', 'removes what setup has made')
      .option('--optional', 'where something is missing, says so in one line and goes on'),
  ).action((options: SetupCommandOptions) =>
    runCommand('setup', options, async ({ onEvent, stop, now }) => {
      const { setup } = await import('../../setup/index.js');
      const { cacheFolder, runJob } = await import('../../core/index.js');
      const { parts, missing } = await runJob(setup({ ...options, now }, stop), onEvent);
      return {
        counts: {
          done: parts.filter((part) => part.state !== 'missing').length,
          skipped: parts.filter((part) => part.state === 'missing').length,
          failed: 0,
        },
        outputs: [cacheFolder()],
        text: [
          ...parts.map((part) => `${part.state.padEnd(9)} ${part.name}: ${part.detail}`),
          ...(missing === null ? [] : [missing]),
        ].join('\n'),
        more: { parts, missing },
      };
    }),
  );
}
