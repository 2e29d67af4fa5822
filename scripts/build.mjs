// Compiles src to dist, TypeScript and WebAssembly kernels (*.as.ts), and nothing when dist is newer than every source file.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRequire } from 'node:module';

const root = new URL('..', import.meta.url);
process.chdir(fileURLToPath(root));
const stamp = 'dist/.tsbuildinfo';
const newest = (folder) =>
  Math.max(
    ...readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs),
  );
const inputs = Math.max(newest('src'), statSync('tsconfig.json').mtimeMs, statSync('tsconfig.build.json').mtimeMs);
if (!existsSync(stamp) || statSync(stamp).mtimeMs < inputs) {
  await compileKernels();
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
  chmodSync('dist/cli/main.js', 0o755);
}

/** Each `src/a/b.as.ts` that no other imports, where it or what it imports is newer than `dist/a/b.wasm`, by the AssemblyScript compiler. */
async function compileKernels() {
  const sources = readdirSync('src', { recursive: true, withFileTypes: true })
    .filter((entry) => entry.name.endsWith('.as.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
  const pieces = new Set(sources.flatMap(importsOf));
  for (const source of sources.filter((path) => !pieces.has(path))) {
    const target = source.replace(/^src/, 'dist').replace(/\.as\.ts$/, '.wasm');
    if (existsSync(target) && statSync(target).mtimeMs > changedAt(source)) continue;
    const { default: asc } = await import('assemblyscript/asc');
    mkdirSync(dirname(target), { recursive: true });
    const flags = ['--enable', 'simd', '--runtime', 'stub', '--noAssert', '-O3', '--importMemory'];
    const { error, stderr } = await asc.main([source, '--outFile', target, ...flags]);
    if (error) throw new Error(`${source}: ${error.message}\n${stderr.toString()}`);
  }
}

/** Paths of the kernels that one takes functions from. */
function importsOf(source) {
  return [...readFileSync(source, 'utf8').matchAll(/ from '(.+\.as)';/g)].map(([, name]) =>
    join(dirname(source), `${name}.ts`),
  );
}

function changedAt(source) {
  return Math.max(statSync(source).mtimeMs, ...importsOf(source).map(changedAt));
}
