import type { Frame, RejectionCode, Shot, TimeSpan, VideoSource } from '../../core/index.js';
import { defineMiner, type MinedSample } from '../define-miner.js';
import { motionMasksConfig, type MotionMasksConfig } from './config.js';
import { maskEstimator } from './estimate.js';
import { cropFrame, scaledCrop } from './crop.js';
import { drawMask } from './gallery.js';
import { judgeFrame } from './judge.js';
import { pairGaps, planFrames, shotBudget, shotRate } from './plan.js';
import { toSample, type StoredFrame } from './record.js';
import { motionMasksSample } from './sample.js';
import { MotionScan, type JudgedFrame } from './scan.js';
import { askWitness } from './witness.js';

/** What moves by itself, as masks of single frames; see README.md beside this file. */
export default defineMiner({
  name: 'motion-masks',
  version: 1,
  sample: motionMasksSample,
  config: motionMasksConfig,
  views: ({ workSide, storedSide, framesPerSecond: fps }) => ({
    work: { width: workSide, height: workSide, fit: 'contain', fps, channels: 3, readOnce: true },
    stored: { width: storedSide, height: storedSide, fit: 'contain', fps, channels: 3, readOnce: true },
  }),
  async *mineShot(video, shot, config, { random, reject, signal }) {
    const { source } = video;
    const { rate, frames } = shotRate(source, shot, config);
    const plan = planFrames(frames, random.fork('phase').int(config.frameStep), config);
    const scan = new MotionScan<StoredFrame>({ config, gaps: pairGaps(rate), plan, random });
    const before = Math.round(((shot.startPts - source.video.startPts) / shotTicks(source)) * source.video.averageRate);
    const stored = video.frames(shot, 'stored')[Symbol.asyncIterator]();
    let read = 0;
    try {
      for await (const work of video.frames(shot, 'work')) {
        if (signal.aborted) return;
        const { value: picture, done } = (await stored.next()) as IteratorResult<Frame, undefined>;
        if (done || picture.pts !== work.pts) throw new Error(`The views of a shot show other frames at ${work.pts}.`);
        const own = cropFrame(work, scaledCrop(source, shot, work));
        const elapsed = (work.pts - shot.startPts) / shotTicks(source);
        const frame = before + Math.round(elapsed * source.video.averageRate);
        const scale = picture.width / source.video.width;
        const tag = { pts: work.pts, picture: cropFrame(picture, scaledCrop(source, shot, picture)), scale };
        scan.add({ frame, rgb: own.data, width: own.width, height: own.height, tag });
        read++;
      }
    } finally {
      await stored.return?.();
    }
    if (read < config.leastFrames) {
      reject('too-short', { startPts: shot.startPts, endPts: shot.endPts });
      return;
    }
    if (signal.aborted) return;
    yield* chooseFrames(scan.end(), { source, shot, config, reject });
  },
  estimate: [maskEstimator],
  draw: drawMask,
});

/** Ticks of a second. */
function shotTicks({ video: { timeBase } }: VideoSource): number {
  return timeBase[1] / timeBase[0];
}

/** The frames that pass all rules, as samples: those of greatest agreement, not too close to each other, in order of time. */
async function* chooseFrames(
  frames: readonly JudgedFrame<StoredFrame>[],
  {
    source,
    shot,
    config,
    reject,
  }: {
    readonly source: VideoSource;
    readonly shot: Shot;
    readonly config: MotionMasksConfig;
    readonly reject: (code: RejectionCode, span: TimeSpan, box?: ReturnType<typeof displayBox>) => void;
  },
): AsyncGenerator<MinedSample<typeof motionMasksSample>> {
  const spanOf = (frame: JudgedFrame<StoredFrame>): TimeSpan => ({
    startPts: frame.tag.pts,
    endPts: frame.tag.pts + Math.max(1, Math.round(shotTicks(source) / source.video.averageRate)),
  });
  const refuse = (code: RejectionCode, frame: JudgedFrame<StoredFrame>): void =>
    reject(code, spanOf(frame), displayBox(frame, source, shot));
  const passed: { readonly frame: JudgedFrame<StoredFrame>; readonly agreement: number }[] = [];
  for (const frame of frames) {
    let agreement = 0;
    const ask = (): number => (agreement = askWitness(frame.rgb, frame.votes, frame, config));
    const code = judgeFrame(frame, ask, config);
    if (code) refuse(code, frame);
    else passed.push({ frame, agreement });
  }
  const budget = shotBudget(source, shot, config);
  const apart = config.secondsApart * shotTicks(source);
  const chosen: typeof passed = [];
  for (const each of [...passed].sort((a, b) => b.agreement - a.agreement || a.frame.tag.pts - b.frame.tag.pts)) {
    const isClose = chosen.some(({ frame }) => Math.abs(frame.tag.pts - each.frame.tag.pts) < apart);
    if (isClose || chosen.length >= budget) refuse('budget', each.frame);
    else chosen.push(each);
  }
  for (const { frame, agreement } of chosen.sort((a, b) => a.frame.tag.pts - b.frame.tag.pts)) {
    yield { span: spanOf(frame), pts: [frame.tag.pts], fields: await toSample(frame, agreement, source, config) };
  }
}

/** The largest part of the mask, in display pixels of the source. */
function displayBox(
  { foreground: { box }, width, height }: JudgedFrame<unknown>,
  { video }: VideoSource,
  { crop }: Shot,
) {
  if (!box) return undefined;
  const area = crop ?? { x: 0, y: 0, width: video.width, height: video.height };
  const [sx, sy] = [area.width / width, area.height / height];
  return { x: area.x + box.x * sx, y: area.y + box.y * sy, width: box.width * sx, height: box.height * sy };
}
