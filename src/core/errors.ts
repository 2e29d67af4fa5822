/** Why a unit of work failed. The one list: ledgers, `--reason` and tests use these words. */
export const failureCodes = {
  'file-missing': 'the file is not there or may not be read',
  'cannot-open': 'no decoder can open the file as a video',
  'no-video': 'the file has no picture stream',
  'unsupported-codec': 'no decoder has this codec',
  'no-frames': 'the picture stream gives not one frame',
  truncated: 'the file ends before what its header promises',
  'decode-error': 'decoding broke off',
  'bad-timestamps': 'presentation times are missing or do not rise',
  timeout: 'the unit took longer than it may',
  'too-short': 'shorter than the corpus allows',
  'too-small': 'a smaller picture than the corpus allows',
  black: 'more of it is black than the corpus allows',
  slideshow: 'more of it is still pictures than the corpus allows',
  'little-motion': 'less moves in it than the corpus asks for',
  'talking-head': 'more of it is a talking head than the corpus allows',
  overlay: 'logos and subtitles cover more of it than the corpus allows',
  'no-usable-shot': 'the rules of the corpus leave none of its shots',
  'over-limit': 'more pixels, frames, seconds, streams or bytes than the corpus allows',
  'worker-died': 'the process that worked on it ended; tried again and ended again',
  'out-of-memory': 'the process that worked on it ran out of memory',
  'source-changed': 'the file is not the one that was ingested',
  'bad-list-line': 'a line of the list cannot be read',
  'download-failed': 'the server cannot be reached, or the download broke off, each time it was tried',
  'download-refused': 'the server refuses the address: it is gone, private or not for us',
  'download-too-large': 'longer than the settings allow',
  'needs-yt-dlp': 'the address gives a web page and not a file; yt-dlp can find its video',
} as const satisfies Record<string, string>;

/** A code of the failure ledger. */
export type FailureCode = keyof typeof failureCodes;

/** Why a miner refused a candidate. The one list of all signals. */
export const rejectionCodes = {
  'too-short': 'the shot is too short for the length policy',
  still: 'less motion than the floor',
  cut: 'a cut inside the window',
  'looks-same': 'wrong and right middle look too much alike',
  'duplicate-frame': 'two of the frames are the same picture',
  fade: 'the frames only brighten or darken',
  budget: 'enough samples of this video or group',
  'uneven-rate': 'frames are missing, so that the rate asked for cannot be kept',
  'few-moving': 'too few points move by themselves',
  'many-moving': 'more points move than a camera in motion explains',
  'no-camera-model': 'the motion of the camera cannot be told',
  'background-moves': 'what moves surrounds the picture: the camera follows the thing',
  'no-compact-motion': 'what moves does not fit into one box',
  'low-texture': 'the box holds less texture than most of the video',
  lost: 'the tracker lost the thing',
  'left-frame': 'too much of the box is outside the picture',
  'scale-jump': 'the thing became much larger or smaller',
  'static-pair': 'the two patches are nearly the same picture',
  blank: 'a patch without content, or with a wide black border',
  'no-motion': 'nothing moves by itself as far as can be told',
  area: 'what moves is too small or too large a part of the picture',
  border: 'too much of what moves lies at the border of the picture',
  fragments: 'what moves is in too many parts',
  unstable: 'the mask does not move along with the picture',
  disagreement: 'colours draw another outline than motion does',
  'no-audio': 'the source has no sound',
  'audio-undecodable': 'the sound cannot be decoded',
  'audio-edge': 'the window reaches beyond the sound',
  silent: 'the window is silent, wholly or for most of it',
  clipped: 'the sound is cut off at full scale',
  constant: 'nothing in the sound changes: a test tone, a hum',
  'stereo-cancel': 'the channels cancel each other when they are mixed',
  music: 'the sound pulses and is harmonic, as music is',
  speech: 'the sound has the pace of speech',
  dark: 'the picture is almost black',
  'still-picture': 'the picture does not change while the sound goes on',
  'not-stereo': 'the video shows one picture and not two eyes',
  'shot-not-stereo': 'the video is stereo, but not in this shot',
  flat: 'both eyes see the same, or the same shifted: there is no depth',
  anaglyph: 'the eyes are mixed by colour: neither is whole',
  spherical: 'the eyes are spherical pictures',
  'unsupported-multiview': 'the second eye lies in a layer that is not decoded',
  'eye-order-unknown': 'which eye comes first cannot be told',
  'vertical-offset': 'one eye is higher than the other',
  'not-rectified': 'one eye is turned or tilted against the other',
  unmatched: 'too little of one eye is found in the other',
  range: 'things are nearer or farther than they may be',
  'colour-mismatch': 'the eyes differ in colour or contrast',
  'eye-desync': 'one eye is ahead of the other',
  'soft-eye': 'one eye is sharper than the other',
  logo: 'too much of the picture is logo or subtitle',
} as const satisfies Record<string, string>;

/** A code of the rejection counts. */
export type RejectionCode = keyof typeof rejectionCodes;

/** Facts that place an error: file, key, step, …. */
export type ErrorContext = Readonly<Record<string, unknown>>;

/** The root of the errors that users can meet; anything else is a bug. */
export class PipelineError extends Error {
  /** Stable, kebab-case: what scripts test for. */
  readonly code: string;
  readonly context: ErrorContext;

  constructor(
    code: string,
    message: string,
    options: { readonly context?: ErrorContext; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.context = options.context ?? {};
  }
}

/** This file cannot be read, or not further. Its code is one of `failureCodes`. */
export class MediaError extends PipelineError {
  declare readonly code: FailureCode;

  // eslint-disable-next-line @typescript-eslint/no-useless-constructor -- narrows the type of `code`
  constructor(
    code: FailureCode,
    message: string,
    options?: { readonly context?: ErrorContext; readonly cause?: unknown },
  ) {
    super(code, message, options);
  }
}

/** A setting is wrong: which key, and what is allowed. */
export class ConfigError extends PipelineError {
  constructor(
    message: string,
    options?: { readonly context?: ErrorContext; readonly cause?: unknown; readonly code?: string },
  ) {
    super(options?.code ?? 'config', message, options);
  }
}

/** A corpus, dataset or run is missing, corrupt, of another schema, or in use. */
export class StoreError extends PipelineError {}

/** No usable engine or native part, and why. */
export class BackendError extends PipelineError {
  constructor(message: string, options?: { readonly context?: ErrorContext; readonly cause?: unknown }) {
    super('backend', message, options);
  }
}

/** Training cannot go on: loss not finite; step, losses and batch keys in the context. */
export class TrainingError extends PipelineError {
  constructor(message: string, options?: { readonly context?: ErrorContext; readonly cause?: unknown }) {
    super('training', message, options);
  }
}

/** A job ended before its end because it was asked to; what was done is saved. */
export class StoppedError extends PipelineError {
  constructor(message = 'Stopped; what was done is saved.') {
    super('stopped', message);
  }
}

/** One line of `failures.jsonl`. */
export interface FailureEntry {
  /** The source's id, once known. */
  readonly source: string | null;
  readonly path: string;
  readonly stage: string;
  readonly code: FailureCode;
  readonly message: string;
  readonly attempts: number;
  /** ISO 8601, UTC. */
  readonly at: string;
}
