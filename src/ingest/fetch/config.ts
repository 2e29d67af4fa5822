import { z } from 'zod';

/** Settings of downloads. They decide what is fetched and how, never what is found in it. */
export const fetchConfig = z.strictObject({
  with: z
    .enum(['auto', 'http', 'yt-dlp'])
    .default('auto')
    .describe('auto: addresses that end like a video by plain HTTP, the others by yt-dlp where it is installed.'),
  ytDlp: z.string().min(1).default('yt-dlp').describe('The yt-dlp program: a name on the PATH, or a path.'),
  ytDlpArguments: z
    .array(z.string())
    .default([])
    .describe('Passed through to yt-dlp, such as ["--cookies", "cookies.txt", "--proxy", "…", "-S", "res:480"].'),
  headers: z.record(z.string(), z.string()).default({}).describe('Sent with every request of plain HTTP.'),
  proxy: z
    .string()
    .nullable()
    .default(null)
    .describe(
      'http://host:port through which everything is fetched; null: as HTTP_PROXY, HTTPS_PROXY and NO_PROXY say.',
    ),
  bytesPerSecond: z.int().positive().nullable().default(null).describe('Highest rate of one download; null: no limit.'),
  secondsBetween: z
    .number()
    .nonnegative()
    .default(0)
    .describe('Least time between the starts of two downloads from one host.'),
  retries: z.int().nonnegative().default(5).describe('How often a download that broke off is tried again.'),
  backoffSeconds: z
    .number()
    .nonnegative()
    .default(1)
    .describe(
      'Wait before the first further try; doubled each time, at most 120; a server that names a wait is obeyed.',
    ),
  idleSeconds: z.number().positive().default(60).describe('A download that gives no byte for so long has broken off.'),
  maxBytes: z.int().positive().nullable().default(null).describe('Longer files are refused; null: no limit.'),
  archive: z
    .string()
    .nullable()
    .default(null)
    .describe("A yt-dlp archive file; what it names is not fetched again. null: the corpus's own archive.txt."),
});

/** Checked settings of downloads. */
export type FetchConfig = z.infer<typeof fetchConfig>;
