import { Option, type Command } from 'commander';
import { ConfigError } from '../../core/index.js';
import { addCommonOptions, parseWhole, runCommand, type CommonOptions } from '../command.js';

interface PredictCommandOptions extends CommonOptions {
  readonly run: string;
  readonly input: readonly string[];
  readonly out: string;
  readonly observe?: number;
  readonly steps?: number;
  readonly samples?: number;
  readonly fps?: number;
  readonly start: number;
  readonly decoder: string;
  readonly engine: string;
}

/** `reelmine predict --run DIR --input VIDEO... --out DIR|FILE.mp4|FILE.gif`. */
export default function addPredict(program: Command): void {
  addCommonOptions(
    program
      .command('predict')
      .description("shows a video model's futures beside what came, masks over pictures, or both eyes, as MP4 and GIF")
      .requiredOption('--run <dir>', 'the run, or random:TASK for untrained weights')
      .requiredOption('--input <source...>', 'videos, folders, lists, globs, frames:DIR@FPS, or corpora')
      .requiredOption('--out <path>', 'a folder for an MP4 and a GIF of each video, or FILE.mp4 or FILE.gif for one')
      .option('--observe <n>', 'frames that are seen; default: as many as in training', parseWhole('--observe', 1))
      .option(
        '--steps <n>',
        'frames that are predicted; default: as many as in training; of masks and eyes the most pictures, default: 250',
        parseWhole('--steps', 1),
      )
      .option(
        '--samples <n>',
        'futures side by side, of a model that can draw several; default: 4',
        parseWhole('--samples', 1),
      )
      .option('--fps <n>', 'frames taken a second; default: every one', parseNumber('--fps', 1e-6))
      .option('--start <seconds>', 'where in the video to start', parseNumber('--start', 0), 0)
      .addOption(new Option('--decoder <name>', 'libav, ffmpeg or auto').default('auto'))
      .addOption(new Option('--engine <name>', 'tensorflow, wasm, cpu or auto').default('auto')),
  ).action((options: PredictCommandOptions) =>
    runCommand('predict', options, async ({ onEvent, stop, terminal }) => {
      const { predict, runJob } = await import('../../index.js');
      const { config: file, start: startSeconds, ...rest } = options;
      const result = await runJob(
        predict({ ...rest, startSeconds, file, onBackend: (line) => terminal.log(line) }, stop),
        onEvent,
      );
      const { counts, outputs, videos, failures, settings } = result;
      return {
        counts,
        outputs,
        text: [
          'observe' in settings
            ? `${settings.observe} frames seen, ${settings.steps} predicted`
            : `up to ${settings.steps} pictures of each video`,
          ...videos.map(
            ({ path, psnr, pts }) =>
              `${path}: ${'observe' in settings ? describePsnr(psnr) : `${pts.length} pictures drawn`}`,
          ),
          ...failures.map(({ path, code, message }) => `skipped ${path}: ${code}, ${message}`),
          `written to ${outputs.join(', ')}`,
        ].join('\n'),
        more: { settings, videos, failures },
      };
    }),
  );
}

function describePsnr(psnr: readonly number[]): string {
  if (psnr.length === 0) return 'the video ends where the prediction starts';
  return `PSNR ${psnr.map((value) => value.toFixed(1)).join(', ')} dB`;
}

function parseNumber(option: string, least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= least && Number.isFinite(value)))
      throw new ConfigError(
        `${option} takes a number${least > 0 ? ' above 0' : ' from 0'}, got ${JSON.stringify(text)}.`,
      );
    return value;
  };
}
