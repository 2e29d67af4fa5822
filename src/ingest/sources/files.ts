import { readdirSync, statSync, type Dirent } from 'node:fs';
import { dirname, extname, join, relative, resolve } from 'node:path';
import { ConfigError } from '../../core/index.js';
import type { Candidate, ExpandedSources } from './candidate.js';
import { openSiteFolder, type SiteFolder } from './site-folder.js';

/** Extensions of files that are taken for videos. */
export const videoExtensions: ReadonlySet<string> = new Set(
  '3g2 3gp asf avi divx dv f4v flv gif h264 hevc ivf m1v m2ts m2v m4v mjpeg mkv mov mp4 mpe mpeg mpg mts mxf nut ogg ogm ogv rm rmvb ts vob webm wmv y4m'
    .split(' ')
    .map((name) => `.${name}`),
);

/** A file: itself, whatever its name. A folder: its videos, recursively; everything else in it is counted as ignored. */
export function expandPath(path: string): ExpandedSources {
  const absolute = resolve(path);
  const stat = statSync(absolute, { throwIfNoEntry: false });
  if (!stat)
    throw new ConfigError(`Source ${path} does not exist.`, { code: 'source-missing', context: { source: path } });
  if (!stat.isDirectory())
    return { candidates: videosOf([absolute], dirname(absolute), { all: true }), ignored: 0, absent: 0, warnings: [] };
  const files = filesBelow(absolute);
  const candidates = videosOf(files, absolute);
  return { candidates, ignored: files.length - candidates.length, absent: 0, warnings: [] };
}

/** A pattern with `*`, `**`, `?`, `[…]` or `{a,b}`: the files that it matches, folders not entered further than it says. */
export function expandGlob(pattern: string): ExpandedSources {
  const absolute = resolve(pattern);
  const parts = absolute.split('/');
  const fixed =
    parts
      .slice(
        0,
        parts.findIndex((part) => isPattern(part)),
      )
      .join('/') || '/';
  if (!statSync(fixed, { throwIfNoEntry: false })?.isDirectory()) throw nothing(pattern);
  const matcher = globExpression(absolute);
  const files = filesBelow(fixed).filter((file) => matcher.test(file));
  if (files.length === 0) throw nothing(pattern);
  const candidates = videosOf(files, fixed);
  return { candidates, ignored: files.length - candidates.length, absent: 0, warnings: [] };
}

/** True if the text holds a character that globs treat specially. */
export function isPattern(text: string): boolean {
  return /[*?[\]{}]/.test(text);
}

/** A regular expression for a glob: `*` and `?` stay within one folder, `**` crosses folders. */
export function globExpression(glob: string): RegExp {
  let out = '';
  let depth = 0;
  for (let i = 0; i < glob.length; i++) {
    const rest = glob.slice(i);
    const set = /^\[(!?)([^\]]+)\]/.exec(rest);
    if (rest.startsWith('**/')) {
      out += '(?:[^/]+/)*';
      i += 2;
    } else if (rest.startsWith('**')) {
      out += '.*';
      i += 1;
    } else if (set) {
      out += `[${set[1] === '!' ? '^' : ''}${set[2]!.replaceAll('\\', '\\\\').replaceAll('^', '\\^')}]`;
      i += set[0].length - 1;
    } else if (glob[i] === '*') out += '[^/]*';
    else if (glob[i] === '?') out += '[^/]';
    else if (glob[i] === '{') {
      out += '(?:';
      depth++;
    } else if (glob[i] === '}' && depth > 0) {
      out += ')';
      depth--;
    } else if (glob[i] === ',' && depth > 0) out += '|';
    else out += glob[i]!.replace(/[\\^$.*+?()[\]{}|]/, '\\$&');
  }
  return new RegExp(`^${out}${')'.repeat(depth)}$`, 'u');
}

/** Every file below a folder, in code-point order of their paths; hidden ones and links to folders are left out. */
export function filesBelow(folder: string): readonly string[] {
  const out: string[] = [];
  const walk = (at: string) => {
    const entries = readdirSync(at, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue;
      const path = join(at, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (isFile(entry, path)) out.push(path);
    }
  };
  walk(folder);
  return out;
}

/** The videos among files, with what their site says of them; `all`: whatever their names. */
function videosOf(
  files: readonly string[],
  root: string,
  { all = false }: { readonly all?: boolean } = {},
): readonly Candidate[] {
  const site = openSiteFolder(root);
  return files
    .filter((file) => all || (videoExtensions.has(extname(file).toLowerCase()) && !site.isHalf(file)))
    .map((path) => fileCandidate(path, relative(root, path), site));
}

/** A file, and what its site says of it. */
export function fileCandidate(path: string, key: string, site: SiteFolder): Candidate {
  const { licence = null, origin = null, metadata = {} } = site.facts(path) ?? {};
  const said = Object.keys(metadata).length > 0 ? { metadata } : {};
  return { path, key, licence, origin, ...said, benchmarks: {} };
}

function isFile(entry: Dirent, path: string): boolean {
  return entry.isFile() || (entry.isSymbolicLink() && statSync(path, { throwIfNoEntry: false })?.isFile() === true);
}

function nothing(pattern: string): ConfigError {
  return new ConfigError(`No file matches ${pattern}.`, { code: 'source-missing', context: { source: pattern } });
}
