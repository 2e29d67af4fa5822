import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addCommands, commandNames } from '../src/cli/commands/index.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const skipped = new Set(['node_modules', 'dist', 'demo', 'out', 'coverage', '.git', '.venv']);

/** Every Markdown file of the repository, by its path from the root. */
const pages = new Map(
  findPages(root).map((path) => [relative(root, path).replaceAll('\\', '/'), readFileSync(path, 'utf8')]),
);

const program = new Command('reelmine');
await addCommands(program, undefined);
const options = new Map(
  program.commands.map((command) => [command.name(), command.options.flatMap(({ long, short }) => [long, short])]),
);

function findPages(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : findPages(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

/** Links of a page that lead nowhere; `exists` takes a path from the root, `anchors` gives a page's. */
function brokenLinks(
  page: string,
  text: string,
  exists: (path: string) => boolean,
  anchors: (path: string) => readonly string[],
): string[] {
  const prose = text
    .replace(/^```[^]*?^```/gm, '')
    .replace(/`[^`\n]*`(?!\])/g, (code) => code.replace(/[[\]()]/g, ' '));
  return [...prose.matchAll(/\[[^\]]*\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
    if (/^(?:https?:|mailto:)/.test(target)) return [];
    const [path = '', anchor] = target.split('#');
    const full = path === '' ? page : join(dirname(page), path).replaceAll('\\', '/');
    if (full.startsWith('..') || !exists(full)) return [`${page}: ${target} does not exist`];
    if (anchor !== undefined && !anchors(full).includes(anchor)) return [`${page}: ${target} has no such heading`];
    return [];
  });
}

/** Anchors of a page's headings, as code hosts form them. */
function anchorsOf(text: string): string[] {
  return [...text.replace(/^```[^]*?^```/gm, '').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  );
}

/** Commands in code that the program does not have, and options that a command does not take. */
function unknownCommands(page: string, text: string): string[] {
  const code = [...text.matchAll(/^```[^\n]*\n([^]*?)^```|`([^`\n]+)`/gm)].map(
    ([, block, inline]) => block ?? inline ?? '',
  );
  const lines = code.flatMap((piece) => piece.split(/\n|&&|\|\||;/)).map((line) => line.replace(/\s#.*$/, '').trim());
  return lines.flatMap((line) => {
    const [, name, rest = ''] = /(?:^|\s)reelmine ([a-z][a-z-]*)(?=\s|$)(.*)$/.exec(line) ?? [];
    if (name === undefined) return [];
    if (!commandNames.includes(name)) return [`${page}: there is no command reelmine ${name}`];
    const known = options.get(name) ?? [];
    return (rest.match(/(?<=\s)--?[a-z][a-z-]*/g) ?? [])
      .filter((option) => !known.includes(option))
      .map((option) => `${page}: reelmine ${name} does not take ${option}`);
  });
}

/** Places that exist on one machine only. */
function machineTraces(page: string, text: string): string[] {
  const paths = /(?:^|[\s"'`(=])(\/(?:home|Users|root|tmp|work|workspace|opt|data)\/[^\s"'`)]*)/g;
  const hosts =
    /\b(?:registry\.npmjs\.org|registry\.yarnpkg\.com|pypi\.org|files\.pythonhosted\.org|deb\.debian\.org|localhost(?::\d+)?|(?:\d{1,3}\.){3}\d{1,3}(?=[:/]))/g;
  return [...[...text.matchAll(paths)].map(([, path = '']) => path), ...(text.match(hosts) ?? [])].map(
    (found) => `${page}: ${found}`,
  );
}

describe('the documentation', () => {
  it('has links that lead somewhere', () => {
    const exists = (path: string) => existsSync(join(root, path));
    const anchors = (path: string) =>
      statSync(join(root, path)).isFile() ? anchorsOf(readFileSync(join(root, path), 'utf8')) : [];
    expect([...pages].flatMap(([page, text]) => brokenLinks(page, text, exists, anchors))).toEqual([]);
  });

  it('names only commands and options that the program has', () => {
    expect([...pages].flatMap(([page, text]) => unknownCommands(page, text))).toEqual([]);
  });

  it('shows nothing of the machine that it was written on', () => {
    expect([...pages].flatMap(([page, text]) => machineTraces(page, text))).toEqual([]);
  });

  it('has exactly two commands on the README’s first screen, which package.json knows', () => {
    const [, block = ''] = /^```\n([^]*?)^```/m.exec(pages.get('README.md') ?? '') ?? [];
    const commands = block.trim().split('\n');
    expect(commands).toHaveLength(2);
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    for (const command of commands) {
      const line = command.replace(/\s+#.*$/, '');
      for (const [, script = ''] of line.matchAll(/npm run ([\w:-]+)/g)) expect(scripts).toHaveProperty([script]);
      expect(line).toMatch(/^npm install && npm (?:run \S+|test)$/);
    }
  });

  it('names every dependency in THIRD-PARTY.md', () => {
    const { dependencies, optionalDependencies } = JSON.parse(
      readFileSync(join(root, 'package.json'), 'utf8'),
    ) as Record<'dependencies' | 'optionalDependencies', Record<string, string>>;
    const text = pages.get('THIRD-PARTY.md') ?? '';
    const named = (name: string) => text.includes(name) || text.includes(`-${name.replace(/^@tensorflow\/tfjs-/, '')}`);
    expect(Object.keys({ ...dependencies, ...optionalDependencies }).filter((name) => !named(name))).toEqual([]);
  });
});

describe('the check of it', () => {
  const links = (text: string) =>
    brokenLinks(
      'docs/page.md',
      text,
      (path) => ['docs/other.md', 'README.md', 'docs/page.md'].includes(path),
      () => ['a-heading'],
    );

  it('finds links that lead nowhere', () => {
    expect(
      links('[a](other.md) [b](../README.md) [c](other.md#a-heading) [d](https://example.org) [e](#a-heading)'),
    ).toEqual([]);
    expect(links('[a](nowhere.md)')).toEqual(['docs/page.md: nowhere.md does not exist']);
    expect(links('[`code`](nowhere.md)')).toHaveLength(1);
    expect(links('[a](../../outside.md)')).toHaveLength(1);
    expect(links('[a](other.md#nothing)')).toEqual(['docs/page.md: other.md#nothing has no such heading']);
    expect(links('`[a](nowhere.md)`\n```\n[a](nowhere.md)\n```\n')).toEqual([]);
  });

  it('forms the anchors of headings', () => {
    expect(
      anchorsOf('# A heading\n## The record of `temporal-order`\n### 1. Videos in\n```\n# not one\n```\n'),
    ).toEqual(['a-heading', 'the-record-of-temporal-order', '1-videos-in']);
  });

  it('finds commands and options that do not exist', () => {
    expect(unknownCommands('p', '`reelmine mien x`')).toEqual(['p: there is no command reelmine mien']);
    expect(unknownCommands('p', '```\nnpx reelmine doctor --nonsense\n```\n')).toEqual([
      'p: reelmine doctor does not take --nonsense',
    ]);
    expect(unknownCommands('p', '`npm install && npx reelmine trian`')).toHaveLength(1);
    expect(
      unknownCommands(
        'p',
        '`npx reelmine verify mined --json` and reelmine in prose, `reelmine`, `import … from "reelmine"`',
      ),
    ).toEqual([]);
  });

  it('finds what belongs to one machine', () => {
    const host = ['registry', 'npmjs', 'org'].join('.');
    expect(machineTraces('p', 'see `/home/me/x` and ' + host + ' and http://127.0.0.1:8080/')).toHaveLength(3);
    expect(
      machineTraces('p', 'see `~/.cache/reelmine`, /mnt/share, and https://example.org/home/x, version 1.2.3.4'),
    ).toEqual([]);
  });
});
