import { ptsToSeconds, type FailureCode, type Shot, type UnusableReason, type VideoSource } from '../../core/index.js';
import type { CleaningConfig } from './config.js';

/** Why the rules of a corpus refuse a video. */
export interface Refusal {
  readonly code: FailureCode;
  /** What was measured, and what the corpus wants; a part of a sentence. */
  readonly message: string;
}

type Judged = Pick<VideoSource, 'video' | 'shots' | 'motion' | 'scores'> & Partial<Pick<VideoSource, 'benchmarks'>>;

/**
 * What the rules say of a video's scores; null: it stays. Clips of official benchmarks always stay: a list without some of its clips is
 * another benchmark.
 */
export function judgeScores(source: Judged, config: CleaningConfig): Refusal | null {
  const { video, motion, scores, benchmarks = {} } = source;
  if (config.scoreOnly || !scores || Object.keys(benchmarks).length > 0) return null;
  if (video.durationSeconds < config.minJudgedSeconds) return null;
  const percent = (value: number) => `${Math.round(value * 1000) / 10} %`;
  if (scores.black > config.maxBlack)
    return {
      code: 'black',
      message: `${percent(scores.black)} of it is black, the corpus allows ${percent(config.maxBlack)}`,
    };
  if (scores.slideshow > config.maxSlideshow)
    return {
      code: 'slideshow',
      message: `${percent(scores.slideshow)} of it is still pictures, the corpus allows ${percent(config.maxSlideshow)}`,
    };
  if (motion < config.minMotion)
    return {
      code: 'little-motion',
      message: `neighbouring frames differ by ${motion.toFixed(2)} levels, the corpus wants ${config.minMotion}`,
    };
  if (scores.talkingHead > config.maxTalkingHead)
    return {
      code: 'talking-head',
      message: `its talking-head score is ${scores.talkingHead}, the corpus allows ${config.maxTalkingHead}`,
    };
  if (scores.overlay > config.maxOverlay)
    return {
      code: 'overlay',
      message: `logos and subtitles cover ${percent(scores.overlay)} of it, the corpus allows ${percent(config.maxOverlay)}`,
    };
  if (config.needsUsableShot && source.shots.every((shot) => unusable(shot, source, config) !== null))
    return { code: 'no-usable-shot', message: `the rules for shots leave none of its ${source.shots.length}` };
  return null;
}

/** A source with the shots marked that the rules keep from miners; those of official benchmarks are left alone. */
export function markShots(source: VideoSource, config: CleaningConfig): VideoSource {
  if (config.scoreOnly || Object.keys(source.benchmarks).length > 0) return source;
  const reasons = source.shots.map((shot) => unusable(shot, source, config));
  if (reasons.every((reason) => reason === null)) return source;
  return {
    ...source,
    shots: source.shots.map((shot, i) => (reasons[i] ? { ...shot, unusable: reasons[i] } : shot)),
  };
}

function unusable(
  { startPts, endPts, scores }: Shot,
  { video }: Pick<VideoSource, 'video'>,
  { shots: rules }: CleaningConfig,
): UnusableReason | null {
  if (ptsToSeconds(endPts - startPts, video.timeBase) < rules.minSeconds) return 'too-short';
  if (!scores || video.frames < 2) return null;
  if (scores.black > rules.maxBlack) return 'black';
  if (scores.change < rules.minChange) return 'still';
  return scores.talkingHead > rules.maxTalkingHead ? 'talking-head' : null;
}
