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
  /** A WAV file that is heard with it. */
  readonly wave?: Uint8Array;
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
  readonly duplicates?: readonly DuplicateCopy[];
  readonly leakage?: LeakageFacts;
}

/** A copy of a video that the corpus holds already. */
export interface DuplicateCopy {
  readonly path: string;
  /** Id of the one that it is a copy of. */
  readonly kept: string;
  readonly kind: 'exact' | 'near';
  /** Mean bits of 64 by which pictures differ at the same moments. */
  readonly distance: number;
  readonly mirrored?: boolean;
  /** False where both stay in the corpus. */
  readonly dropped?: boolean;
}

/** Which sources overlap a test list. */
export interface LeakageFacts {
  readonly against: string;
  readonly split: number | null;
  readonly clips: number;
  readonly sources: number;
  readonly overlaps: readonly {
    readonly source: string;
    readonly path: string;
    readonly clip: string;
    readonly kind: 'exact' | 'near';
    readonly mirrored: boolean;
    readonly overlapSeconds: number;
  }[];
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
  /** Set where it has untrained weights. */
  readonly isUntrained?: true;
  readonly facts: readonly Fact[];
  readonly metrics: readonly Metric[];
  readonly rivals: readonly Rival[];
  /** Metrics step by step. */
  readonly curves?: readonly MetricCurve[];
  /** Official splits, in the order of `perSplit` of the metrics, where these are means. */
  readonly splits?: readonly number[];
  /** Version and settings of the protocol; results whose settings differ are told apart in words. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly classes?: ClassesReport;
  readonly classScores?: ClassScoresReport;
  readonly queries?: QueriesReport;
  readonly notes?: readonly string[];
}

/** Which class each test video was taken for. */
export interface ClassesReport {
  /** In the order of rows and columns of `confusion`. */
  readonly names: readonly string[];
  /** How many answers: [true class][named class]. */
  readonly confusion: readonly (readonly number[])[];
  /** What was counted, such as how often each video is in it. */
  readonly about: string;
}

/** How well each class is told from all others. */
export interface ClassScoresReport {
  /** Name of the score. */
  readonly what: string;
  /** `value` in 0–1. */
  readonly scores: readonly { readonly name: string; readonly value: number }[];
}

/** A video by its names, with a picture of it where there is one. */
export interface NamedVideo {
  readonly name: string;
  readonly className: string;
  readonly picture?: ReportPicture;
}

/** A test video and what a search with it finds. */
export interface QueryReport {
  readonly video: NamedVideo;
  /** Place, from 1, of the first video of its class; null: beyond what was looked at. */
  readonly rank: number | null;
  /** The nearest first. */
  readonly nearest: readonly (NamedVideo & { readonly cosine: number; readonly isHit: boolean })[];
}

/** Some queries of many. */
export interface QueriesReport {
  readonly total: number;
  /** Queries whose nearest video is of their class. */
  readonly hits: number;
  readonly shown: readonly QueryReport[];
}

/** What a model draws of videos: futures, masks, second eyes. */
export interface PredictionsReport {
  readonly name: string;
  readonly facts: readonly Fact[];
  readonly videos: readonly {
    readonly title: string;
    readonly picture: ReportPicture;
    readonly facts: readonly Fact[];
  }[];
  /** How many there are; default: as many as shown. */
  readonly total?: number;
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
  readonly predictions?: readonly PredictionsReport[];
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
