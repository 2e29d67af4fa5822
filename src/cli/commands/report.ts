import type { Command } from 'commander';
import { formatBytes } from '../../core/index.js';
import { addCommonOptions, runCommand, type CommonOptions } from '../command.js';

/** `reelmine report DIR... --out FILE.html`. */
export default function addReport(program: Command): void {
  addCommonOptions(
    program
      .command('report')
      .description('one self-contained page about corpora, datasets and runs; several runs are compared')
      .argument('<dir...>', 'corpora, datasets, runs, results, folders of predict')
      .requiredOption('--out <file>', 'the page')
      .option('--title <text>', 'its title'),
  ).action((dirs: string[], options: CommonOptions & { readonly out: string; readonly title?: string }) =>
    runCommand('report', options, async () => {
      const { collectReport, renderReport, writeFileWhole } = await import('../../index.js');
      const data = await collectReport(dirs, options.title === undefined ? {} : { title: options.title });
      const page = renderReport(data);
      writeFileWhole(options.out, page);
      return {
        counts: { done: dirs.length, skipped: 0, failed: 0 },
        outputs: [options.out],
        text: `${options.out}: ${formatBytes(page.length)}`,
      };
    }),
  );
}
