import type { BatchJob, MadeBatch } from '../batch-maker.js';

/** What a loader thread is told. */
export type ToMaker =
  | { readonly kind: 'make'; readonly job: BatchJob }
  | { readonly kind: 'recycle'; readonly buffers: readonly ArrayBuffer[] }
  | { readonly kind: 'end' };

/** What a loader thread says; after `failed` it ends. */
export type FromMaker =
  { readonly kind: 'made'; readonly batch: MadeBatch } | { readonly kind: 'failed'; readonly error: SentError };

/** An error as it goes from thread to thread. */
export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: string | undefined;
  readonly context: Readonly<Record<string, unknown>> | undefined;
}
