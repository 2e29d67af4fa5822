import type { MinedUnit, VideoSource } from '../../core/index.js';
import type { UnitId } from '../mine-video.js';

/** What a worker mines, for all its videos. */
export interface WorkerSetup {
  readonly signals: readonly {
    readonly name: string;
    /** Name in the registry of miners. */
    readonly miner: string;
    /** Absolute path of a module that default-exports the miner instead. */
    readonly module?: string | undefined;
    readonly config: unknown;
  }[];
  readonly corpusRoot: string;
  /** Name in the registry of decoders; never `auto`, so that all workers use the same. */
  readonly decoder: string;
  readonly seed: number;
}

/** What the parent tells a worker. */
export type ToWorker =
  | { readonly kind: 'start'; readonly setup: WorkerSetup }
  | { readonly kind: 'mine'; readonly source: VideoSource; readonly units: readonly UnitId[] }
  /** The oldest unit that was not yet acknowledged is on the disk. */
  | { readonly kind: 'written' }
  /** Finish the unit in hand, and begin no other. */
  | { readonly kind: 'stop' };

/** Why a worker did not finish a video. */
export interface WorkerFailure {
  /** The video is to blame: a code of the ledger. Null: our own error. */
  readonly code: string | null;
  readonly message: string;
  readonly stack: string;
}

/** Pictures that a worker has decoded of its video so far. */
export interface DecodedFrames {
  /** By passes over the video. */
  readonly framesDecoded: number;
  /** To show single frames that were sought, as surveys do. */
  readonly framesSought: number;
}

/** What a worker tells its parent. */
export type FromWorker =
  | { readonly kind: 'ready' }
  /** Frames went by since the last message. */
  | ({ readonly kind: 'alive' } & DecodedFrames)
  | ({ readonly kind: 'unit'; readonly signal: string; readonly unit: MinedUnit } & DecodedFrames)
  | ({ readonly kind: 'done'; readonly failure: WorkerFailure | null } & DecodedFrames);
