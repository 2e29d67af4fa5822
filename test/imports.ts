import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import ts from 'typescript';

/** What each area may import, and who alone may use which outside library. Paths are relative to `src`. */
export interface ImportTable {
  /** Area to what it may import of ours: an area means its `index.ts`, a path with a dot means those files. */
  readonly areas: Readonly<Record<string, readonly string[]>>;
  /** What single files may import beyond their area. */
  readonly exceptions: readonly { readonly from: string; readonly to: string; readonly reason: string }[];
  /** Folders below these do not import each other, save those that are shared. */
  readonly apart: readonly { readonly area: string; readonly shared: readonly string[] }[];
  /** Outside library (`x` covers `x/…`, `@x/*` a scope) to the only files that may import it. */
  readonly homes: Readonly<Record<string, readonly string[]>>;
  /** Outside libraries for everyone. */
  readonly everywhere: readonly string[];
  /** Area to outside libraries that it must not use even so. */
  readonly never: Readonly<Record<string, readonly string[]>>;
  /** Global name to the only files that may use it. */
  readonly globals: Readonly<Record<string, readonly string[]>>;
  /** The only files that may import a path known only at run time. */
  readonly computed: readonly string[];
  /** Modules that must not load, however indirectly, any of the files or libraries named. */
  readonly unreachable: readonly { readonly from: string; readonly to: readonly string[]; readonly reason: string }[];
}

/** One import of a file. */
interface Import {
  /** Null: computed at run time. */
  readonly specifier: string | null;
  readonly typeOnly: boolean;
}

/** Everything that breaks the table, a sentence each. `files` maps paths relative to `src` to their text. */
export function checkImports(files: ReadonlyMap<string, string>, table: ImportTable): string[] {
  const faults: string[] = [];
  const imports = new Map<string, readonly Import[]>();
  for (const [file, text] of files) {
    const found = readFile(file, text);
    imports.set(file, found.imports);
    for (const name of found.globals) {
      const homes = table.globals[name];
      if (homes && !homes.some((home) => matches(home, file)))
        faults.push(`src/${file} uses ${name}: only ${listed(homes)} may.`);
    }
    for (const { specifier, typeOnly } of found.imports) {
      // A type of Node's own does nothing at run time; types of ours and of libraries still tie areas together.
      if (typeOnly && specifier !== null && isBuiltin(specifier)) continue;
      const fault = specifier === null ? computedFault(file, table) : faultOf(file, specifier, files, table);
      if (fault !== null) faults.push(`src/${file} ${fault}`);
    }
  }
  return [...faults, ...reachFaults(imports, table)];
}

/** True if a path relative to `src` is what the pattern names: a folder (ends in `/`), `*` for one name, or the path itself. */
export function matches(pattern: string, path: string): boolean {
  if (pattern.endsWith('/') && !pattern.includes('*')) return path.startsWith(pattern);
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*\*|\*/g, (stars) => (stars === '**' ? '.*' : '[^/]*'));
  return new RegExp(`^${source}${pattern.endsWith('/') ? '.*' : ''}$`).test(path);
}

function faultOf(
  file: string,
  specifier: string,
  files: ReadonlyMap<string, string>,
  table: ImportTable,
): string | null {
  const target = ownTarget(file, specifier);
  if (target === null) return libraryFault(file, specifier, table);
  const says = `imports ${specifier}:`;
  if (target.startsWith('..')) return `${says} it lies outside src.`;
  if (!files.has(target)) return `${says} there is no src/${target}.`;
  const area = areaOf(file);
  const other = areaOf(target);
  if (area === other) return apartFault(file, target, says, table);
  if (table.exceptions.some(({ from, to }) => matches(from, file) && matches(to, target))) return null;
  const may = table.areas[area];
  if (!may) return `${says} ${area} is not in the table.`;
  const allowed = may.some((entry) => (entry.includes('.') ? matches(entry, target) : target === `${entry}/index.ts`));
  if (allowed) return null;
  if (may.includes(other)) return `${says} across areas, import ${other}/index.ts and nothing deeper.`;
  return `${says} ${area} may import ${may.length === 0 ? 'nothing of ours' : `only ${listed(may)}`}.`;
}

function apartFault(file: string, target: string, says: string, table: ImportTable): string | null {
  const [area, folder, ...rest] = file.split('/');
  const rule = table.apart.find((one) => one.area === area);
  const [, otherFolder, ...otherRest] = target.split('/');
  // A file directly in the area, such as its registry, belongs to no folder.
  if (!rule || rest.length === 0 || otherRest.length === 0 || folder === otherFolder) return null;
  const isShared = (name: string | undefined) => name !== undefined && rule.shared.includes(name);
  return isShared(folder) || isShared(otherFolder) ? null : `${says} ${rule.area}'s folders do not import each other.`;
}

function libraryFault(file: string, specifier: string, table: ImportTable): string | null {
  const area = areaOf(file);
  const name = isBuiltin(specifier) ? `node:${specifier.replace(/^node:/, '')}` : specifier;
  if (table.never[area]?.some((library) => isOf(name, library))) return `imports ${specifier}: ${area} may not.`;
  const home = Object.entries(table.homes).find(([library]) => isOf(name, library));
  if (home)
    return home[1].some((path) => matches(path, file)) ? null : `imports ${specifier}: only ${listed(home[1])} may.`;
  if (name.startsWith('node:') || table.everywhere.some((library) => isOf(name, library))) return null;
  return `imports ${specifier}: the table has no home for it.`;
}

function computedFault(file: string, table: ImportTable): string | null {
  return table.computed.some((path) => matches(path, file))
    ? null
    : 'imports a path that is known only at run time, which nobody can check.';
}

function reachFaults(imports: ReadonlyMap<string, readonly Import[]>, table: ImportTable): string[] {
  return table.unreachable.flatMap(({ from, to, reason }) =>
    [...imports.keys()]
      .filter((file) => matches(from, file))
      .flatMap((start) => {
        const way = findWay(start, to, imports);
        return way ? [`src/${start} loads ${way.slice(1).join(', which loads ')}: ${reason}.`] : [];
      }),
  );
}

/** The shortest chain of run-time imports to a forbidden file or library. */
function findWay(
  start: string,
  to: readonly string[],
  imports: ReadonlyMap<string, readonly Import[]>,
): string[] | null {
  const seen = new Set([start]);
  const queue = [[start]];
  for (let way = queue.shift(); way; way = queue.shift()) {
    const file = way.at(-1) as string;
    for (const { specifier, typeOnly } of imports.get(file) ?? []) {
      if (typeOnly || specifier === null) continue;
      const target = ownTarget(file, specifier) ?? specifier;
      if (to.some((pattern) => matches(pattern, target) || isOf(target, pattern))) return [...way, target];
      if (!seen.has(target)) queue.push([...way, target]);
      seen.add(target);
    }
  }
  return null;
}

/** Path below `src` of a relative import; null for a library. */
function ownTarget(file: string, specifier: string): string | null {
  if (!specifier.startsWith('.') && !specifier.startsWith('/')) return null;
  // AssemblyScript names its modules without the last extension.
  return posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.ts').replace(/\.as$/, '.as.ts');
}

function areaOf(file: string): string {
  return file.split('/')[0] ?? file;
}

function isOf(name: string, library: string): boolean {
  return library.endsWith('/*')
    ? name.startsWith(library.slice(0, -1))
    : name === library || name.startsWith(`${library}/`);
}

function listed(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1) ?? ''}`;
}

/** Static, dynamic, type and `require` imports of a file, and the globals that the table could name. */
function readFile(file: string, text: string): { imports: Import[]; globals: Set<string> } {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const imports: Import[] = [];
  const globals = new Set<string>();
  const add = (node: ts.Node | undefined, typeOnly: boolean) =>
    imports.push({ specifier: node && ts.isStringLiteralLike(node) ? node.text : null, typeOnly });
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node))
      add(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isExternalModuleReference(node)) add(node.expression, false);
    else if (ts.isImportTypeNode(node))
      add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, true);
    else if (ts.isCallExpression(node)) {
      const isImport = node.expression.kind === ts.SyntaxKind.ImportKeyword;
      const isRequire = /(?:^|\W)(?:create)?require(?:\(.*\))?$/i.test(node.expression.getText(source));
      const [argument] = node.arguments;
      if (isImport || (isRequire && argument && ts.isStringLiteralLike(argument))) add(argument, false);
    }
    if (ts.isIdentifier(node) && node.text === 'console' && !isMemberName(node)) globals.add('console');
    if (isProcessEnv(node)) globals.add('process.env');
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { imports, globals };
}

function isMemberName(node: ts.Identifier): boolean {
  const { parent } = node;
  return (
    (ts.isPropertyAccessExpression(parent) && parent.name === node && parent.expression.getText() !== 'globalThis') ||
    (ts.isPropertyAssignment(parent) && parent.name === node) ||
    ts.isPropertySignature(parent)
  );
}

function isProcessEnv(node: ts.Node): boolean {
  const isProcess = (one: ts.Node) => /^(?:globalThis\.)?process$/.test(one.getText());
  if (ts.isPropertyAccessExpression(node)) return node.name.text === 'env' && isProcess(node.expression);
  if (ts.isElementAccessExpression(node))
    return /^['"`]env['"`]$/.test(node.argumentExpression.getText()) && isProcess(node.expression);
  if (ts.isImportDeclaration(node))
    return /^['"](?:node:)?process['"]$/.test(node.moduleSpecifier.getText()) && /\benv\b/.test(node.getText());
  if (!ts.isVariableDeclaration(node) || !node.initializer || !ts.isObjectBindingPattern(node.name)) return false;
  return (
    isProcess(node.initializer) &&
    node.name.elements.some((element) => (element.propertyName ?? element.name).getText() === 'env')
  );
}
