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
  'worker-died': 'the process that worked on it ended; tried again and ended again',
  'out-of-memory': 'the process that worked on it ran out of memory',
  'source-changed': 'the file is not the one that was ingested',
  'bad-list-line': 'a line of the list cannot be read',
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
