import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Candidate, Download } from '../sources/candidate.js';
import { readInfo } from '../sources/info-file.js';
import { archiveName, openArchive } from './archive.js';
import type { FetchConfig } from './config.js';
import { downloadByHttp } from './http.js';
import { createPace } from './pace.js';
import { addressEndsLikeVideo, downloadName } from './place.js';
import { downloadByYtDlp, hasYtDlp } from './yt-dlp.js';

/** What became of a candidate: it can be probed, or the archive names it, or the run ends. */
export type Ready = Candidate | 'archived' | 'stopped';

/** Fetches what sources name by address. */
export interface Fetcher {
  /**
   * The candidate with its file in place, and what the site said of it; one without an address as it is. Candidates
   * that share a file share its download.
   *
   * @throws MediaError `download-failed`, `download-refused`, `download-too-large` or `needs-yt-dlp`.
   */
  ready(candidate: Candidate): Promise<Ready>;
}

/**
 * A fetcher into a corpus. A file appears whole under its name; what a run that was stopped or killed had got of it lies
 * beside, and the next run goes on from there.
 *
 * @param signal ends downloads at once.
 */
export function createFetcher({
  corpus,
  config,
  signal,
}: {
  readonly corpus: string;
  readonly config: FetchConfig;
  readonly signal: AbortSignal;
}): Fetcher {
  const archive = openArchive(config.archive ?? join(corpus, archiveName));
  const pace = createPace(config);
  const isStopped = () => signal.aborted;
  const started = new Map<string, Promise<'there' | 'archived' | 'stopped'>>();
  let ytDlp: Promise<boolean> | null = null;
  const usesYtDlp = async (url: string): Promise<boolean> => {
    if (config.with !== 'auto') return config.with === 'yt-dlp';
    if (addressEndsLikeVideo(url)) return false;
    return (ytDlp ??= hasYtDlp(config));
  };
  const download = async (wanted: Download): Promise<'there' | 'archived' | 'stopped'> => {
    if (existsSync(wanted.file)) return 'there';
    const own = `http ${downloadName(wanted.url)}`;
    if (archive.has(own)) return 'archived';
    if (isStopped()) return 'stopped';
    mkdirSync(dirname(wanted.file), { recursive: true });
    try {
      const tools = { config, pace, signal };
      if (!(await usesYtDlp(wanted.url))) {
        await downloadByHttp(wanted, tools);
        archive.add(own);
        return 'there';
      }
      const entry = await downloadByYtDlp(wanted, { ...tools, archive });
      if (entry === null) return 'archived';
      archive.add(entry);
      return 'there';
    } catch (error) {
      if (isStopped()) return 'stopped';
      throw error;
    }
  };
  return {
    async ready(candidate) {
      const { fetch: wanted } = candidate;
      if (!wanted) return candidate;
      const running = started.get(wanted.file) ?? download(wanted);
      started.set(wanted.file, running);
      const outcome = await running;
      if (outcome !== 'there') return outcome;
      const { licence, origin, metadata } = readInfo(`${wanted.file}.info.json`) ?? {};
      const said = { ...metadata, ...candidate.metadata };
      return {
        ...candidate,
        licence: candidate.licence ?? licence ?? null,
        origin: candidate.origin ?? origin ?? wanted.url,
        ...(Object.keys(said).length > 0 ? { metadata: said } : {}),
      };
    },
  };
}

/** Settings as a corpus may record them: without what can hold passwords and cookies. */
export function withoutSecrets<C extends { readonly fetch: FetchConfig }>(config: C): C {
  return { ...config, fetch: { ...config.fetch, headers: {}, ytDlpArguments: [], proxy: null } };
}
