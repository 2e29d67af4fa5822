import { cochleaRateHz, createSoundStatistics, toHalf, type SoundStatistics } from '../../audio/index.js';
import { MediaError, ptsToSeconds, type Shot, type TimeSpan, type VideoSource } from '../../core/index.js';
import type { OpenVideo } from '../../ingest/index.js';
import { encodeImage } from '../../vision/index.js';
import { defineMiner, type MineContext, type MinedSample } from '../define-miner.js';
import { groupOf } from '../group.js';
import { audioClustersConfig, type AudioClustersConfig } from './config.js';
import { finishClusters } from './finish.js';
import { drawSound } from './gallery.js';
import { judgeSound } from './judge.js';
import { takePictures, type TakenPicture } from './pictures.js';
import { planFrames } from './plan.js';
import { audioClusterSample } from './sample.js';
import { SoundReader, type CutSound } from './sound-reader.js';

type Context = MineContext<undefined>;

/** Frames and the sound around them, clustered by its texture; see README.md beside this file. */
export default defineMiner({
  name: 'audio-clusters',
  version: 2,
  sample: audioClusterSample,
  config: audioClustersConfig,
  views: ({ imageSide, looksPerSecond, cropBars: withoutBars }) => ({
    picture: {
      width: 6 * imageSide, // as wide as a picture of 16:3 may be: the height alone decides
      height: imageSide,
      fit: 'contain',
      fps: null,
      channels: 3,
      readOnce: true,
      withoutBars,
    },
    look: { width: 64, height: 36, fit: 'stretch', fps: looksPerSecond, channels: 1, withoutBars },
  }),
  async *mineShot(video, shot, config, context) {
    const { source } = video;
    const cancelled = (): boolean => context.signal.aborted;
    if (shot.endPts <= shot.startPts) return;
    const whole = { startPts: shot.startPts, endPts: shot.endPts };
    if (!source.audio) {
      context.reject('no-audio', whole);
      return;
    }
    const plan = planFrames(source, config, context.sourceRandom);
    if (plan.length === 0) {
      context.reject('too-short', whole);
      return;
    }
    const pictures = await takePictures(video, shot, plan, config, context);
    if (cancelled() || pictures.length === 0) return;
    for await (const { picture, sound } of cutSounds(video, pictures, config, context)) {
      if (cancelled()) return;
      const judgement = judgeSound(sound.channels, statisticsFor(config), config);
      if (judgement.refused !== null) context.reject(judgement.refused, windowSpan(source, shot, sound));
      else yield await toSample(source, picture, sound, { ...judgement, config });
    }
  },
  finishDataset: finishClusters,
  draw: drawSound,
});

let latest: { readonly key: string; readonly statistics: SoundStatistics } | null = null;

/** Its tables take longer to make than a window to describe. */
function statisticsFor({ windowSeconds, level, normalize, taperSeconds }: AudioClustersConfig): SoundStatistics {
  const key = JSON.stringify([windowSeconds, level, normalize, taperSeconds]);
  if (latest?.key !== key) {
    const samples = Math.round(windowSeconds * cochleaRateHz);
    latest = { key, statistics: createSoundStatistics(samples, { level, normalize, taperSeconds }) };
  }
  return latest.statistics;
}

/** The windows around pictures, from one decoding of the track. Places that it lacks are refused. */
async function* cutSounds(
  video: OpenVideo,
  pictures: readonly TakenPicture[],
  { windowSeconds, shiftSeconds }: AudioClustersConfig,
  { reject, signal }: Context,
): AsyncGenerator<{ readonly picture: TakenPicture; readonly sound: CutSound }> {
  const { timeBase } = video.source.video;
  const length = Math.round(windowSeconds * cochleaRateHz);
  const shift = Math.round(shiftSeconds * cochleaRateHz);
  const starts = pictures.map(({ pts }) =>
    Math.round((ptsToSeconds(pts, timeBase) - windowSeconds / 2) * cochleaRateHz),
  );
  const from = (starts[0]! - shift) / cochleaRateHz;
  const track = new SoundReader(video.sound(from, cochleaRateHz), cochleaRateHz, shift);
  const placeOf = ({ pts }: TakenPicture): TimeSpan => ({ startPts: pts, endPts: pts + 1 });
  let next = 0;
  try {
    for (; next < pictures.length && !signal.aborted; next++) {
      const picture = pictures[next]!;
      const sound = await track.cut(starts[next]!, length);
      if (sound) yield { picture, sound };
      else reject(track.hasSound ? 'audio-edge' : 'audio-undecodable', placeOf(picture));
    }
  } catch (error) {
    if (!(error instanceof MediaError)) throw error;
    for (const picture of pictures.slice(next)) reject('audio-undecodable', placeOf(picture));
  } finally {
    await track.close();
  }
}

async function toSample(
  source: VideoSource,
  { pts, frame, data, width, height }: TakenPicture,
  { start }: CutSound,
  {
    mono,
    fields,
    config,
  }: {
    readonly mono: Float32Array;
    readonly fields: Extract<ReturnType<typeof judgeSound>, { refused: null }>['fields'];
    readonly config: AudioClustersConfig;
  },
): Promise<MinedSample<typeof audioClusterSample>> {
  const { audio, video } = source;
  return {
    span: { startPts: pts, endPts: pts },
    pts: [pts],
    fields: {
      ...fields,
      image: await encodeImage(data, width, height, 3, { format: 'jpeg', quality: config.jpegQuality }),
      window: Float64Array.of(start / cochleaRateHz, (start + mono.length) / cochleaRateHz),
      ...(config.keepAudio ? { audio: toHalf(mono) } : {}),
      sampleRateHz: audio!.sampleRateHz,
      channels: audio!.channels,
      codec: audio!.codec,
      frame,
      framesPerSecond: Math.fround(video.averageRate),
      group: groupOf(source, config.groupPattern),
    },
  };
}

/** What of a window lies in the shot, in ticks: at least one. */
function windowSpan({ video }: VideoSource, shot: Shot, { start, channels }: CutSound): TimeSpan {
  const ticks = (sample: number): number =>
    Math.round((sample / cochleaRateHz) * (video.timeBase[1] / video.timeBase[0]));
  const startPts = Math.min(shot.endPts - 1, Math.max(shot.startPts, ticks(start)));
  return { startPts, endPts: Math.max(startPts + 1, Math.min(shot.endPts, ticks(start + channels[0]!.length))) };
}
