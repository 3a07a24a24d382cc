// Builds build/linux-x64/check_conntrack, or with `--arch arm64` build/linux-arm64/check_conntrack: one static ELF
// file. esbuild bundles the TypeScript, and QuickJS's own compiler makes bytecode of the bundle. gcc links that with
// the engine, src/system/*.c and musl. The build is reproducible. Slow steps are cached in .cache/. If apt has no
// Debian sources, `--quickjs DIR` names a directory with the engine's tarball or its contents.

import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { build } from 'esbuild';
import { codename, fromDebian } from './debian.mjs';
import { helpFile, licences, packagesIn } from './parts.mjs';
import { top } from './top.mjs';

const ENGINE = 'QuickJS 2025-04-26';
const SOURCE = 'quickjs-2025.04.26';
const TARBALL = 'quickjs_2025.04.26.orig.tar.xz';
const TARBALL_SUM = 'ec81da5b3249ed648dbc7df4a1654988910e66a118d9b71cb63534216efcfbbe';
// Sum of the *.c and *.h files, concatenated by name: it covers exactly what is compiled, from any source.
const SOURCE_SUM = 'eeb74b14bdc2aa8cfdbba66681536ba50d694d4e6444254c083d31e888bffcc4';

const ARCHITECTURES = {
  x64: { gnu: 'x86_64', debian: 'amd64', crossGcc: 'gcc-x86-64-linux-gnu', flags: ['-fcf-protection=none'] },
  // Outline atomics look up CPU features at run time, which musl does not provide.
  arm64: { gnu: 'aarch64', debian: 'arm64', crossGcc: 'gcc-aarch64-linux-gnu', flags: ['-mno-outline-atomics'] },
};
const ENGINE_FILES = ['quickjs.c', 'libregexp.c', 'libunicode.c', 'cutils.c', 'dtoa.c'];
const MAIN = 'main.js'; // the bundle's main module
const OWN_FILES = ['src/system/main.c', 'src/system/malloc.c'];
/** Programs that only the image for containers has. */
const IMAGE_PROGRAMS = { every: ['every.c'], 'image-tools': ['image-tools.c', 'image-conntrack.c'] };
const ENGINE_FLAGS = ['-D_GNU_SOURCE', `-DCONFIG_VERSION="${ENGINE.slice(-10)}"`, '-fwrapv', '-w'];
// Each function has its own section, so that the linker drops the parser and other unused code. The second line turns
// off options that one distribution's gcc turns on and another's does not.
const FLAGS = ['-O2', '-std=gnu11', '-ffunction-sections', '-fdata-sections', '-fno-asynchronous-unwind-tables'];
FLAGS.push('-fno-pie', '-fno-stack-protector', '-U_FORTIFY_SOURCE');
const LINKING = ['-nostdlib', '-static', '-no-pie', '-s', '-Wl,--gc-sections,--build-id=none,--wrap=write'];

const cache = join(top, '.cache/standalone');
const run = promisify(execFile);
const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex');

try {
  const main = join(top, 'src/main.ts');
  const text = (value) => ({ type: 'string', default: value });
  const options = { arch: text('x64'), quickjs: text(), entry: text(main), out: text() };
  await standalone(parseArgs({ options }).values);
} catch (error) {
  console.error(`standalone: ${error.stderr?.trim() || error.message}`);
  process.exitCode = 1;
}

async function standalone({ arch, quickjs, entry, out }) {
  const target = ARCHITECTURES[arch];
  if (target === undefined) throw new Error(`--arch is one of ${Object.keys(ARCHITECTURES).join(', ')}`);
  const isNative = arch === process.arch;
  needTools(target, isNative);
  const folder = resolve(out ?? join(top, `build/linux-${arch}`));
  for (const made of [folder, join(cache, 'objects')]) mkdirSync(made, { recursive: true });

  const source = engineSource(quickjs);
  const toolchain = { gcc: gccOf(target), flags: target.flags, ...musl(target, isNative) };
  const files = [...ENGINE_FILES.map((name) => join(source, name)), ...OWN_FILES.map((name) => join(top, name))];
  const work = join(cache, `bundle-${arch}`);
  const [objects, bytecode] = await Promise.all([
    Promise.all(files.map((file) => compile(toolchain, source, file))),
    bytecodeOf(entry, arch, work, source),
  ]);
  const program = join(work, 'check_conntrack');
  const used = await link(toolchain, [...objects, await compile(toolchain, source, bytecode.file)], program);
  const texts = join(folder, 'LICENSES');
  const others = { [ENGINE]: join(source, 'LICENSE'), musl: toolchain.licence };
  writeFileSync(texts, licences(bytecode.packages, others));
  await run(`${target.gnu}-linux-gnu-objcopy`, ['--add-section', `.licences=${texts}`, program]);
  renameSync(program, join(folder, 'check_conntrack'));
  for (const [name, sources] of Object.entries(IMAGE_PROGRAMS)) {
    const compiled = sources.map((file) => compile(toolchain, source, join(top, 'src/system', file)));
    await link(toolchain, await Promise.all(compiled), join(folder, name));
  }
  writeFileSync(join(folder, 'parts.json'), `${JSON.stringify(partsOf(toolchain, bytecode, used), null, 2)}\n`);
}

/** Returns the components, for the bill of materials. */
function partsOf({ gcc, version }, { packages }, used) {
  const npm = packages.map((path) => JSON.parse(readFileSync(join(top, path, 'package.json'), 'utf8')));
  return {
    commit: commit(),
    engine: { name: 'QuickJS', version: ENGINE.slice(-10), tarball: TARBALL, sha256: TARBALL_SUM },
    musl: version(),
    gcc: execFileSync(gcc, ['-dumpfullversion'], { encoding: 'utf8' }).trim(),
    hasLibgcc: /libgcc\.a\)/.test(used),
    npm: npm.map(({ name, version, license }) => ({ name, version, license })),
  };
}

function needTools(target, isNative) {
  const foreign = { [gccOf(target)]: target.crossGcc, 'dpkg-deb': 'dpkg' };
  const packages = { ...(isNative ? { [gccOf(target)]: 'gcc' } : foreign), cc: 'gcc', tar: 'tar', xz: 'xz-utils' };
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const missing = Object.keys(packages).filter((tool) => !folders.some((folder) => existsSync(join(folder, tool))));
  const named = missing.map((tool) => `${tool} (apt-get install ${packages[tool]})`);
  if (missing.length > 0) throw new Error(`this machine lacks ${named.join(', ')}`);
}

function gccOf(target) {
  return `${target.gnu}-linux-gnu-gcc`;
}

// ---- Files from Debian ----

/** Returns the directory of the engine's source after checking its sum. */
function engineSource(quickjs) {
  const given = quickjs && resolve(quickjs);
  if (given && existsSync(join(given, 'quickjs.c'))) return checkedSource(given);
  const source = join(cache, SOURCE);
  if (!existsSync(source)) unpack(given ? join(given, TARBALL) : engineTarball());
  return checkedSource(source);
}

function checkedSource(source) {
  const names = readdirSync(source).filter((name) => /\.[ch]$/.test(name));
  const sum = sha256(...names.sort().map((name) => readFileSync(join(source, name))));
  if (sum !== SOURCE_SUM) throw new Error(`${source} is not the source of ${ENGINE}`);
  return source;
}

function unpack(tarball) {
  if (sha256(readFileSync(tarball)) !== TARBALL_SUM) throw new Error(`${tarball} has another sum than is expected`);
  const unpacked = mkdtempSync(join(cache, 'unpacking-'));
  execFileSync('tar', ['-xJf', tarball, '-C', unpacked]);
  renameSync(join(unpacked, SOURCE), join(cache, SOURCE));
  rmSync(unpacked, { recursive: true });
}

function engineTarball() {
  const cached = join(cache, TARBALL);
  if (existsSync(cached)) return cached;
  const otherwise = `--quickjs DIR, a folder with ${TARBALL} or its contents`;
  fromDebian({ type: 'deb-src', suite: 'trixie', otherwise }, (apt, scratch) => {
    apt('apt-get', 'source', '--download-only', 'quickjs');
    copyFileSync(join(scratch, TARBALL), cached);
  });
  return cached;
}

/**
 * Returns headers, library, licence and version of musl: this machine's own, or those for another architecture, kept in
 * the cache.
 */
function musl({ gnu, debian }, isNative) {
  const root = isNative ? '/' : join(cache, `musl-${debian}`);
  if (!existsSync(root)) {
    const settings = { 'APT::Architecture': debian, 'APT::Architectures': debian, 'Dir::State::status': '/dev/null' };
    fromDebian({ type: 'deb', suite: codename(), settings }, (apt, scratch) => {
      apt('apt-get', 'download', 'musl-dev');
      const file = readdirSync(scratch).find((name) => name.startsWith('musl-dev_'));
      execFileSync('dpkg-deb', ['-x', join(scratch, file), `${root}.unfinished`]);
    });
    renameSync(`${root}.unfinished`, root);
  }
  const [include, lib] = ['include', 'lib'].map((name) => join(root, `usr/${name}/${gnu}-linux-musl`));
  if (!existsSync(include)) throw new Error('this machine lacks musl (apt-get install musl-dev)');
  const documents = join(root, 'usr/share/doc/musl-dev');
  return { include, lib, licence: join(documents, 'copyright'), version: () => muslVersion(documents, isNative) };
}

function muslVersion(documents, isNative) {
  // A small container has no changelogs, but the installed version is known.
  if (isNative) return execFileSync('dpkg-query', ['-W', 'musl-dev'], { encoding: 'utf8' }).split(/\s/)[1];
  const changes = execFileSync('gzip', ['-dc', join(documents, 'changelog.Debian.gz')], { encoding: 'utf8' });
  return /^musl \((.+?)\)/.exec(changes)[1];
}

// ---- The engine, in C ----

/** Compiles a C file to an object file, cached under a name that covers everything it depends on. */
async function compile({ gcc, flags, include }, source, file) {
  const { stdout } = await run(gcc, ['-print-file-name=include']);
  const headers = ['-nostdinc', '-isystem', include, '-isystem', stdout.trim(), '-I', source];
  const all = [...FLAGS, ...flags, ...ENGINE_FLAGS];
  const version = execFileSync(gcc, ['--version']);
  const object = join(cache, 'objects', `${sha256(SOURCE_SUM, version, all.join(' '), readFileSync(file))}.o`);
  if (!existsSync(object)) {
    const unfinished = `${object}.${process.pid}`;
    const nameless = `-ffile-prefix-map=${source}=.`; // assert() prints the name of its file
    await run(gcc, [...all, ...headers, nameless, '-c', basename(file), '-o', unfinished], { cwd: dirname(file) });
    renameSync(unfinished, object);
  }
  return object;
}

/** Returns the names of the linked files, including members of archives: `libgcc.a)_udivdi3.o`. */
async function link({ gcc, lib }, objects, program) {
  const start = ['crt1.o', 'crti.o'].map((name) => join(lib, name));
  const libraries = [`-L${lib}`, '-lc', '-lgcc', '-lc', join(lib, 'crtn.o')];
  const { stdout } = await run(gcc, [...LINKING, '-Wl,-t,-t', ...start, ...objects, ...libraries, '-o', program]);
  return stdout;
}

/** Builds QuickJS's compiler for this machine; its bytecode is the same on every 64-bit little-endian machine. */
async function bytecodeCompiler(source) {
  const qjsc = join(cache, `qjsc-${SOURCE_SUM.slice(0, 12)}`);
  if (!existsSync(qjsc)) {
    const unfinished = `${qjsc}.${process.pid}`;
    const files = [...ENGINE_FILES, 'quickjs-libc.c', 'qjsc.c'];
    await run('cc', ['-O1', ...ENGINE_FLAGS, ...files, '-lm', '-ldl', '-lpthread', '-o', unfinished], { cwd: source });
    renameSync(unfinished, qjsc);
  }
  return qjsc;
}

// ---- The program, in JavaScript ----

/**
 * Returns a C file with the bytecode of every module of the bundle, and the packages that the bundle contains code
 * from.
 */
async function bytecodeOf(entry, arch, folder, source) {
  rmSync(folder, { recursive: true, force: true });
  const [{ metafile }, qjsc] = await Promise.all([bundle(entry, arch, folder), bytecodeCompiler(source)]);
  const names = Object.keys(metafile.outputs).map((path) => basename(path));
  names.sort((a, b) => (b === MAIN) - (a === MAIN) || (a < b ? -1 : 1)); // main.c starts with the first one
  const modules = names.map((name) => readFileSync(join(folder, name), 'utf8'));
  await Promise.all(names.map((name, i) => run(qjsc, compilation(names, name, i, modules[i]), { cwd: folder })));
  const texts = names.map((name) => readFileSync(join(folder, `${name}.c`), 'utf8'));
  const rows = names.map((name, i) => `  {"${name}", module_${i}, sizeof module_${i}},`);
  const table = [
    'const struct { const char *name; const uint8_t *code; uint32_t size; } modules[] = {',
    ...rows,
    '  {0}',
    '};',
  ];
  const file = join(folder, 'modules.c');
  writeFileSync(file, `${[...texts, ...table].join('\n')}\n`);
  return { file, packages: packagesIn(metafile) };
}

// -M declares that the other modules exist: each is compiled separately, and read when it is imported. -s strips data
// for stack traces. It also strips the module's name, which import() needs, because its argument is relative to it.
function compilation(names, name, i, text) {
  const others = ['qjs:os', 'qjs:std', 'qjs:own', ...names].flatMap((other) => ['-M', other]);
  const strip = /\bimport\(/.test(text) ? [] : ['-s'];
  return [...others, ...strip, '-m', '-c', '-N', `module_${i}`, '-o', `${name}.c`, name];
}

async function bundle(entry, arch, folder) {
  return build({
    absWorkingDir: top,
    entryPoints: { [MAIN.slice(0, -3)]: resolve(entry) },
    outdir: folder,
    bundle: true,
    splitting: true, // makes a module of its own of each import()
    chunkNames: 'chunk-[hash]',
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['quickjs'],
    alias: { '#help': await helpFile() },
    external: ['qjs:*'],
    target: 'es2022',
    charset: 'ascii',
    minifySyntax: true,
    legalComments: 'none',
    define: {
      BUILD_COMMIT: JSON.stringify(commit()),
      BUILD_ENGINE: JSON.stringify(ENGINE),
      BUILD_ARCHITECTURE: JSON.stringify(arch),
    },
    metafile: true,
    logLevel: 'silent',
  });
}

function commit() {
  try {
    const args = ['describe', '--always', '--dirty', '--abbrev=12', '--exclude=*']; // without tags, which a clone may lack
    return execFileSync('git', args, { cwd: top, encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return 'unknown';
  }
}
