import { Option, type Command } from 'commander';
import { addCommonOptions, runCommand, type CommonOptions } from '../command.js';

interface ImportCommandOptions extends CommonOptions {
  readonly format: string;
  readonly signal: string;
  readonly out: string;
  readonly corpus?: string;
  readonly decoder: string;
}

/** `reelmine import FILE... --format F --signal S --out DIR`. */
export default function addImport(program: Command): void {
  addCommonOptions(
    program
      .command('import')
      .description('makes a dataset from files of another format')
      .argument(
        '<files...>',
        'what to read: archives, an array, or of authors the file of keys, then the file of labels',
      )
      .requiredOption('--format <name>', 'webdataset, npy, authors')
      .requiredOption('--signal <name>', 'what the records are samples of')
      .requiredOption('--out <dir>', 'folder of the dataset')
      .option('--corpus <dir>', 'corpus with the videos, where the format names frames')
      .addOption(new Option('--decoder <name>', 'libav, ffmpeg or auto').default('auto')),
  ).action((files: string[], { config: file, ...options }: ImportCommandOptions) =>
    runCommand('import', options, async ({ onEvent, stop }) => {
      const { importInto, runJob } = await import('../../index.js');
      const result = await runJob(importInto({ ...options, files, file }, stop), onEvent);
      const { counts, outputs, text, digest = null } = result;
      return { counts, outputs, text, more: { digest } };
    }),
  );
}
