import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runProcess } from '../../src/core/index.js';
import { makeClipCorpus } from './clips.js';
import { everyFieldModule } from './every-field.js';

const runner = fileURLToPath(new URL('./fixtures/run-mining.mjs', import.meta.url));

it('leaves no worker behind when its parent is killed', async () => {
  const corpus = await makeClipCorpus(2);
  try {
    const traces = join(corpus.root, 'traces');
    const config = { every: 10, behaviour: 'hang', on: 'clip', file: traces };
    const task = JSON.stringify({ corpus, module: everyFieldModule, config });
    const killer = new AbortController();
    const workers = (): number[] =>
      existsSync(traces)
        ? [
            ...new Set(
              readFileSync(traces, 'utf8')
                .trim()
                .split('\n')
                .map((line) => Number(line.split(' ')[0])),
            ),
          ]
        : [];
    let pid: number | null = null;
    const parent = runProcess('bash', ['-c', 'node "$0" "$1" & echo $! ; wait', runner, task], {
      signal: killer.signal,
      onLine: (line) => (pid ??= Number(line)),
    }).catch(() => null);
    await expect.poll(() => workers().length, { timeout: 30_000 }).toBe(2);
    expect(workers().every(isAlive)).toBe(true);
    process.kill(pid!, 'SIGKILL');
    await expect.poll(() => workers().some(isAlive), { timeout: 10_000 }).toBe(false);
    killer.abort();
    await parent;
  } finally {
    corpus.remove();
  }
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
