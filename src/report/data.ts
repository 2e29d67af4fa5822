import type { EncodedImage, FailureEntry, Metric, MetricCurve, Rival, VideoSource } from '../core/index.js';

/** A label and what it says. */
export interface Fact {
  readonly label: string;
  readonly value: string | number;
}

/** A compressed picture and its words. */
export interface ReportPicture {
  readonly image: EncodedImage;
  /** There where the page plays it: so many frames, one under the other in `image`, in so many seconds. */
  readonly clip?: { readonly frames: number; readonly seconds: number };
  /** Pixels of the compressed picture, or of one frame of a clip. */
  readonly width: number;
  readonly height: number;
  /** Shown under the picture. */
  readonly caption: string;
  /** Read out instead of the picture; default: the caption. */
  readonly alt?: string;
}

/** A source as the contact sheet shows it. */
export interface SourcePreview {
  /** `VideoSource.id`. */
  readonly source: string;
  /** Pictures in order of time, such as one from each shot. */
  readonly pictures: readonly ReportPicture[];
  /** Loudness over the whole source, evenly spaced, in any unit; absent where there is no sound. */
  readonly envelope?: readonly number[];
}

/** What was ingested. */
export interface CorpusReport {
  readonly digest: string;
  readonly sources: readonly VideoSource[];
  readonly failures: readonly FailureEntry[];
  /** Further counts by name: `ignored`, `absent`, `duplicates`, …. */
  readonly counts: Readonly<Record<string, number>>;
  readonly previews: readonly SourcePreview[];
}

/** How much moves, over time, and which window was chosen. */
export interface MotionCurve {
  /** Seconds, rising. */
  readonly seconds: readonly number[];
  /** As many values, in `unit`. */
  readonly values: readonly number[];
  readonly unit: string;
  /** Start and end of the chosen window, seconds. */
  readonly window?: readonly [start: number, end: number];
  /** Moments to name on the curve, such as a to e. */
  readonly marks?: readonly { readonly label: string; readonly seconds: number }[];
}

/** One mined sample as a strip of frames. */
export interface FrameStrip {
  /** Sample key, or any title. */
  readonly title: string;
  readonly pictures: readonly ReportPicture[];
  readonly facts?: readonly Fact[];
  readonly curve?: MotionCurve;
}

/** A place at which a miner said no. */
export interface RejectionPlace {
  readonly code: string;
  readonly source: string;
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly picture?: ReportPicture;
}

/** What one signal gave. */
export interface DatasetReport {
  readonly signal: string;
  readonly digest: string;
  readonly facts: readonly Fact[];
  readonly strips: readonly FrameStrip[];
  /** How many samples there are; default: as many as strips. */
  readonly samples?: number;
  /** Refused candidates by code. */
  readonly rejections: Readonly<Record<string, number>>;
  readonly places: readonly RejectionPlace[];
  /** What each class gave, where the videos have any. */
  readonly classes?: readonly ClassYield[];
}

/** What the videos of one class gave. */
export interface ClassYield {
  readonly name: string;
  readonly sources: number;
  readonly samples: number;
  /** Refused candidates by code. */
  readonly rejections: Readonly<Record<string, number>>;
}

/** One line of `metrics.jsonl`: the step, and what was logged at it. */
export interface TrainingRow {
  readonly step: number;
  readonly [name: string]: unknown;
}

/** A training run. */
export interface RunReport {
  readonly name: string;
  readonly task: string;
  readonly facts: readonly Fact[];
  readonly rows: readonly TrainingRow[];
  /** Names of validation measures in `rows`, and the unit of each; default: every name that starts with `validation`. */
  readonly validation?: readonly { readonly name: string; readonly unit: string; readonly chance?: number }[];
}

/** What an evaluation measured. */
export interface ResultReport {
  readonly protocol: string;
  /** What was evaluated: the row's name in the tables. */
  readonly subject: string;
  readonly facts: readonly Fact[];
  readonly metrics: readonly Metric[];
  readonly rivals: readonly Rival[];
  /** Metrics step by step. */
  readonly curves?: readonly MetricCurve[];
  readonly notes?: readonly string[];
}

/** A command that repeats a step. */
export interface CommandLine {
  readonly purpose: string;
  readonly command: string;
}

/** All that a page tells; every part but the title may be missing. Nothing is read from anywhere else. */
export interface ReportData {
  readonly title: string;
  /** One or two sentences under the title. */
  readonly summary?: string;
  /** When, as text; a page without it is the same on every day. */
  readonly madeAt?: string;
  /** Engine, machine, seconds, digest, …. */
  readonly facts?: readonly Fact[];
  readonly corpus?: CorpusReport;
  readonly datasets?: readonly DatasetReport[];
  /** Several runs are set side by side. */
  readonly runs?: readonly RunReport[];
  readonly results?: readonly ResultReport[];
  readonly commands?: readonly CommandLine[];
  readonly notes?: readonly string[];
}

/** How much a page shows at most; what is left out is counted in words. */
export interface ReportLimits {
  readonly previews: number;
  readonly stripsPerDataset: number;
  readonly placesPerCode: number;
  readonly failures: number;
  /** Points of one curve; longer ones are thinned by keeping each bucket's lowest and highest. */
  readonly points: number;
}
