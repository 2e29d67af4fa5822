import { Option, type Command } from 'commander';
import { ConfigError } from '../../core/index.js';
import { addCommonOptions, parseWhole, runCommand, type CommonOptions } from '../command.js';

interface EncodeCommandOptions extends CommonOptions {
  readonly run: string;
  readonly input: string;
  readonly out: string;
  readonly layer?: string;
  readonly fps?: number;
  readonly batch: number;
  readonly decoder: string;
  readonly engine: string;
}

/** `reelmine encode --run DIR --input VIDEO|CORPUS|FOLDER --out FILE.npy|FILE.parquet`. */
export default function addEncode(program: Command): void {
  addCommonOptions(
    program
      .command('encode')
      .description("turns every picture of videos into features, by a trained model's encoder")
      .requiredOption('--run <dir>', 'the run, or random:TASK for untrained weights')
      .requiredOption('--input <source>', 'a video, a folder, a list, a glob, frames:DIR@FPS, or a corpus')
      .requiredOption('--out <file>', 'FILE.npy, with its times beside it, or FILE.parquet')
      .option('--layer <name>', "layer whose features are written; default: the encoder's first")
      .option('--fps <n>', 'pictures per second; default: every one', parseRate)
      .option('--batch <n>', 'pictures encoded at once', parseWhole('--batch', 1), 32)
      .addOption(new Option('--decoder <name>', 'libav, ffmpeg or auto').default('auto'))
      .addOption(new Option('--engine <name>', 'tensorflow, wasm, cpu or auto').default('auto')),
  ).action((options: EncodeCommandOptions) =>
    runCommand('encode', options, async ({ onEvent, stop, terminal }) => {
      const { encode, runJob } = await import('../../index.js');
      const { config: file, ...rest } = options;
      const result = await runJob(encode({ ...rest, file, onBackend: (line) => terminal.log(line) }, stop), onEvent);
      const { counts, layer, features, outputs, failures } = result;
      return {
        counts,
        outputs,
        text: [
          `${counts.rows} rows of ${features} features (${layer}) from ${counts.done} videos`,
          ...failures.map(({ path, code, message }) => `skipped ${path}: ${code}, ${message}`),
          `written to ${outputs[0]}`,
        ].join('\n'),
        more: { layer, features, failures },
      };
    }),
  );
}

function parseRate(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value)))
    throw new ConfigError(`--fps takes a rate above 0, got ${JSON.stringify(text)}.`);
  return value;
}
