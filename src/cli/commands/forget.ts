import type { Command } from 'commander';
import { addCommonOptions, runCommand, type CommonOptions } from '../command.js';

interface ForgetCommandOptions extends CommonOptions {
  readonly source: readonly string[];
}

/** `reelmine forget --source ID DIR...`. */
export default function addForget(program: Command): void {
  addCommonOptions(
    program
      .command('forget')
      .description('removes a source from corpora and datasets; shards are written anew, its bytes are gone')
      .argument('<dir...>', 'every corpus and dataset that may hold it')
      .requiredOption('--source <id>', 'id of the source, as in the manifest; may be repeated', collect),
  ).action((dirs: string[], options: ForgetCommandOptions) =>
    runCommand('forget', options, async ({ onEvent, stop }) => {
      const { forget, runJob } = await import('../../index.js');
      const { counts, folders, remains } = await runJob(forget({ sources: options.source, dirs }, stop), onEvent);
      return {
        counts,
        outputs: folders.map(({ dir }) => dir),
        text: [
          ...folders.map(({ dir, kind, units, samples, digest }) =>
            kind === 'dataset'
              ? `${dir}: ${samples} samples of ${units} shots removed; digest ${digest ?? 'none yet'}`
              : `${dir}: digest ${digest ?? 'none'}`,
          ),
          ...remains.map((file) => `  ${file} still names it, and is not ours to change`),
        ].join('\n'),
        more: { folders, remains },
      };
    }),
  );
}

function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}
