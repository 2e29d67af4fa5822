import type { Command } from 'commander';
import { addCommonOptions, runCommand, type CommonOptions } from '../command.js';

interface MergeCommandOptions extends CommonOptions {
  readonly out: string;
  readonly allowMissing?: boolean;
}

/** `reelmine merge DIR... --out DIR`. */
export default function addMerge(program: Command): void {
  addCommonOptions(
    program
      .command('merge')
      .description('unites the parts of one job, datasets or corpora, into one folder')
      .argument('<dir...>', 'parts, or a folder that holds them')
      .requiredOption('--out <dir>', 'folder that is not there yet')
      .option('--allow-missing', 'goes on without parts that are missing or not finished'),
  ).action((dirs: string[], options: MergeCommandOptions) =>
    runCommand('merge', options, async ({ onEvent, stop }) => {
      const { merge, runJob } = await import('../../index.js');
      const { out, allowMissing = false } = options;
      const { kind, digest, counts, missing } = await runJob(merge({ dirs, out, allowMissing }, stop), onEvent);
      const what =
        kind === 'corpus' ? `${counts.done} videos` : `${counts['samples'] ?? 0} samples in ${counts.done} shots`;
      return {
        counts,
        outputs: [out],
        text: [
          `${out}: ${what}; digest ${digest}`,
          ...(missing.length > 0 ? [`  without parts ${missing.join(', ')}`] : []),
        ].join('\n'),
        more: { digest, missing },
      };
    }),
  );
}
