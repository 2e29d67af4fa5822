import type { Command } from 'commander';
import { addCommonOptions, runCommand, type CommonOptions } from '../command.js';

interface ExportCommandOptions extends CommonOptions {
  readonly format: string;
  readonly out: string;
  readonly corpus?: string;
}

/** `reelmine export DIR --format F --out DIR`. */
export default function addExport(program: Command): void {
  addCommonOptions(
    program
      .command('export')
      .description('writes a dataset or a run in another format')
      .argument('<dir>', 'the dataset or run')
      .requiredOption('--format <name>', 'webdataset, parquet, npy, authors; of runs: safetensors, onnx, tfjs')
      .requiredOption('--out <dir>', 'folder of what is written')
      .option('--corpus <dir>', 'what the dataset was mined from, for names and licences of its videos'),
  ).action((dir: string, { config: file, ...options }: ExportCommandOptions) =>
    runCommand('export', options, async ({ onEvent, stop }) => {
      const { exportFrom, runJob } = await import('../../index.js');
      const { counts, outputs, text } = await runJob(exportFrom({ ...options, dir, file }, stop), onEvent);
      return { counts, outputs, text };
    }),
  );
}
