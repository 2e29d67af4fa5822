import ffmpeg from 'fluent-ffmpeg';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { MediaError } from '../../core/index.js';

/** One running ffmpeg that reads a file and writes raw bytes. */
export interface FfmpegRun {
  /** Pulled: while nobody reads, ffmpeg waits. Ends with the process; leaving early kills it. */
  bytes(): AsyncGenerator<Uint8Array>;
}

const keptLines = 40;

/** Runs ffmpeg on a plain file once its bytes are read; `onLine` gets every line of its log. */
export function runFfmpeg(
  binary: string,
  path: string,
  {
    inputOptions,
    outputOptions,
    format,
    onLine,
    onEnd = () => {},
    signal,
  }: {
    readonly inputOptions: readonly string[];
    readonly outputOptions: readonly string[];
    readonly format: string;
    readonly onLine: (line: string) => void;
    readonly onEnd?: () => void;
    readonly signal?: AbortSignal | undefined;
  },
): FfmpegRun {
  return {
    async *bytes() {
      signal?.throwIfAborted();
      const tail: string[] = [];
      // A leading `file:` keeps names such as `a:b.mp4` from being read as protocols.
      const command = ffmpeg(`file:${path}`)
        .setFfmpegPath(binary)
        .inputOptions(['-nostdin', ...inputOptions])
        .outputOptions([...outputOptions])
        .format(format);
      // fluent-ffmpeg ends a command 20 ms after its output says that it is closed, done or not: ours does not say it.
      const output = new PassThrough({ emitClose: false });
      const ended = new Promise<Error | null>((resolve) => {
        command.on('end', () => resolve(null)).on('error', (error: Error) => resolve(error));
      });
      command.on('stderr', (line: string) => {
        tail.push(line.slice(0, 400));
        if (tail.length > keptLines) tail.shift();
        onLine(line);
      });
      // fluent-ffmpeg may say that a killed command has ended a moment before its process is gone.
      let gone: Promise<unknown> = Promise.resolve();
      command.on('start', () => {
        const { ffmpegProc } = command as unknown as { readonly ffmpegProc?: ChildProcess };
        if (ffmpegProc && ffmpegProc.exitCode === null && ffmpegProc.signalCode === null)
          gone = once(ffmpegProc, 'exit');
      });
      const kill = () => command.kill('SIGKILL');
      signal?.addEventListener('abort', kill, { once: true });
      let finished = false;
      void ended.then(onEnd);
      try {
        command.pipe(output, { end: true });
        yield* output as AsyncIterable<Uint8Array>;
        const error = await ended;
        finished = true;
        signal?.throwIfAborted();
        if (error) throw brokeOff(path, error, tail);
      } finally {
        signal?.removeEventListener('abort', kill);
        if (!finished) {
          kill();
          await ended;
          await gone;
        }
      }
    },
  };
}

function brokeOff(path: string, error: Error, tail: readonly string[]): MediaError {
  const [status = 'ffmpeg did not run'] = /exited with code \d+|was killed with signal \w+/.exec(error.message) ?? [];
  const log = tail.filter((line) => line.trim() !== '').slice(-5);
  return new MediaError('decode-error', `${path}: ffmpeg ${status}: ${log.join(' | ') || error.message}.`, {
    context: { path, status, stderr: tail.join('\n') },
    cause: error,
  });
}
