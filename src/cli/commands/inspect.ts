import type { Command } from 'commander';
import { addCommonOptions, runCommand, type CommonOptions } from '../command.js';
import { formatTable } from '../terminal.js';

/** `reelmine inspect DIR`. */
export default function addInspect(program: Command): void {
  addCommonOptions(
    program
      .command('inspect')
      .description('what a corpus, dataset, run or result holds')
      .argument('<dir>', 'the folder')
      .option('--html <file>', 'writes a page with its pictures')
      .option(
        '--corpus <dir>',
        'what a dataset was mined from, for frames that it does not hold; default: one near it',
      ),
  ).action((dir: string, options: CommonOptions & { readonly html?: string; readonly corpus?: string }) =>
    runCommand('inspect', options, async () => {
      const { collectReport, inspect, renderReport, writeFileWhole } = await import('../../index.js');
      const { kind, digest, records, facts } = await inspect(dir);
      if (options.html !== undefined) {
        const samples = options.limit ?? 24;
        const data = await collectReport([dir], { corpus: options.corpus, samples });
        writeFileWhole(options.html, renderReport(data, { stripsPerDataset: samples }));
      }
      return {
        counts: { done: records, skipped: 0, failed: 0 },
        outputs: options.html === undefined ? [] : [options.html],
        text: `${dir} is a ${kind}\n${formatTable(facts.map(({ label, value }) => [`  ${label}`, String(value)]))}`,
        more: { kind, digest, facts: Object.fromEntries(facts.map(({ label, value }) => [label, value])) },
      };
    }),
  );
}
