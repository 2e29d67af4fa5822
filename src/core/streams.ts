import { defer, EMPTY, from, mergeMap, Observable } from 'rxjs';
import type { JobEvent, ProgressEvent, WarningEvent } from './progress.js';

/** What a job's body is given. */
export interface JobContext {
  /** Tells subscribers; cheap, and silent after the end. */
  readonly emit: (event: ProgressEvent | WarningEvent) => void;
  /** Aborts when the job should finish the unit in hand, save and end. */
  readonly signal: AbortSignal;
}

/**
 * A long job as a cold Observable: starts on subscribe, emits progress, then its result, and completes.
 * Unsubscribing aborts the body's signal; the body saves what it has and its result is dropped.
 *
 * @param body does the work; a rejection becomes the Observable's error.
 * @param stop a signal of the caller's that ends the job early and cleanly but still delivers the result.
 */
export function createJob<R>(body: (context: JobContext) => Promise<R>, stop?: AbortSignal): Observable<JobEvent<R>> {
  return new Observable<JobEvent<R>>((subscriber) => {
    const controller = new AbortController();
    const onStop = () => controller.abort(stop?.reason);
    if (stop?.aborted) onStop();
    else stop?.addEventListener('abort', onStop, { once: true });
    const emit = (event: ProgressEvent | WarningEvent) => subscriber.next(event);
    body({ emit, signal: controller.signal })
      .then(
        (result) => {
          subscriber.next({ kind: 'result', result });
          subscriber.complete();
        },
        (error: unknown) => subscriber.error(error),
      )
      .finally(() => stop?.removeEventListener('abort', onStop));
    return () => controller.abort();
  });
}

/** Runs a job to its end: hands every event to `onEvent` and gives the result. */
export function runJob<R>(
  job: Observable<JobEvent<R>>,
  onEvent: (event: ProgressEvent | WarningEvent) => void = () => {},
): Promise<R> {
  return new Promise((resolve, reject) => {
    let result: { readonly value: R } | null = null;
    job.subscribe({
      next: (event) => {
        if (event.kind === 'result') result = { value: event.result };
        else onEvent(event);
      },
      error: reject,
      complete: () => (result ? resolve(result.value) : reject(new Error('The job ended without a result.'))),
    });
  });
}

/**
 * Works through light descriptors, at most `workers` at a time, and starts no new one once `signal` aborts.
 * Frames never travel through here: `work` pulls them itself and awaits its slow consumer, since RxJS has no back-pressure.
 */
export function runPool<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  work: (item: T) => Promise<R>,
  { workers, signal }: { readonly workers: number; readonly signal: AbortSignal },
): Observable<R> {
  return from(items).pipe(mergeMap((item) => (signal.aborted ? EMPTY : defer(() => work(item))), workers));
}

/** Ends an iteration, running its `finally`, once `signal` aborts. */
export async function* untilAborted<T>(items: AsyncIterable<T> | Iterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  for await (const item of items) {
    if (signal.aborted) return;
    yield item; // the signal is looked at again before the next item, and the source ended then
  }
}
