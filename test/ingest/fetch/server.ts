/** A web server on loopback whose addresses behave as a test says. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What was asked of the server. */
export interface Asked {
  readonly path: string;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  readonly atMs: number;
}

/** A running server. */
export interface TestServer {
  readonly url: (path: string) => string;
  readonly asked: Asked[];
  close(): Promise<void>;
}

/** Answers one request; `attempt` counts the requests of a path, from 1. */
export type Answer = (request: IncomingMessage, response: ServerResponse, attempt: number) => void;

/** Starts a server with an answer for each path; anything else is 404. */
export async function startServer(answers: Readonly<Record<string, Answer>>): Promise<TestServer> {
  const asked: Asked[] = [];
  const attempts = new Map<string, number>();
  const server = createServer((request, response) => {
    const path = new URL(request.url!, 'http://localhost').pathname;
    const attempt = (attempts.get(path) ?? 0) + 1;
    attempts.set(path, attempt);
    const { range, 'if-range': ifRange } = request.headers;
    asked.push({ path, range, ifRange: ifRange as string | undefined, atMs: performance.now() });
    const answer = answers[path];
    if (answer) answer(request, response, attempt);
    else response.writeHead(404).end('nothing');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: (path) => `http://127.0.0.1:${port}${path}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** Gives bytes, whole or from where they are asked for; breaks the connection after `breakAfter` bytes. */
export function serveBytes(
  request: IncomingMessage,
  response: ServerResponse,
  bytes: Uint8Array,
  { etag, breakAfter, type = 'video/mp4' }: { etag?: string; breakAfter?: number | undefined; type?: string } = {},
): void {
  const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
  const isSame = etag !== undefined && request.headers['if-range'] === etag;
  const start = from !== undefined && isSame ? Number(from) : 0;
  const headers = {
    'content-type': type,
    'content-length': bytes.length - start,
    ...(etag === undefined ? {} : { etag }),
    ...(start > 0 ? { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {}),
  };
  response.writeHead(start > 0 ? 206 : 200, headers);
  if (breakAfter === undefined) response.end(bytes.subarray(start));
  else response.write(bytes.subarray(start, start + breakAfter), () => setTimeout(() => response.destroy(), 30));
}
