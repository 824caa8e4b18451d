import { ConformanceError } from '../../spec/errors.ts';
import { type BuiltModules, buildModules, type ModulesOptions } from './modules.ts';

/** A driver of the user's: a directory that `make M=` can build, and what a program finds of it. */
export interface UserModule {
  readonly directory: string;
  /** The module to load, of those that the directory builds. */
  readonly name: string;
  /** As `insmod` takes them: `pages=4 backing=array`. */
  readonly params?: string;
  readonly node: ModuleNode;
}

/** Where programs open it. */
export interface ModuleNode {
  readonly path: string;
  /** In octal, for a node that the kernel does not make by itself. */
  readonly mode: string;
}

/** Lines of a build that are worth reading; the rest says which files were worth compiling. */
const COMPILER_LINE = /\b(error|warning|note|undefined|ERROR)\b|^\s*\d*\s*\|/;
const MOST_LINES = 24;

/**
 * Builds the user's modules as `buildModules` does, but warnings are no errors, and what the compiler says comes first.
 *
 * @throws ConformanceError of kind `usage` when the directory does not build that module, of kind `target` when it does not
 *   compile for this kernel
 */
export async function buildUserModule(
  module: UserModule,
  options: Omit<ModulesOptions, 'sourceDir' | 'patch'>,
): Promise<BuiltModules> {
  const built = await buildModules({ ...options, sourceDir: module.directory }).catch((error: unknown) => {
    throw error instanceof ConformanceError && error.code === 'modules-failed' ? explainBuild(error, module) : error;
  });
  if (!built.names.includes(module.name)) {
    const made = built.names.length === 1 ? 'the module' : `${String(built.names.length)} modules:`;
    throw new ConformanceError(
      'usage',
      'other-module',
      `The directory ${module.directory} builds ${made} ${built.names.join(', ')}, but the contract describes ${module.name}.`,
      { hint: 'The contract’s name has to be that of the module that it describes.' },
    );
  }
  return built;
}

function explainBuild(error: ConformanceError, { directory }: UserModule): ConformanceError {
  const [first = '', ...output] = error.message.split('\n');
  const lines = output.filter((line) => COMPILER_LINE.test(line) && !line.startsWith('make'));
  const shown = (lines.length > 0 ? lines : output).slice(0, MOST_LINES).map((line) => line.replace(BUILD_PLACE, ''));
  const sentence = `The module in ${directory} does not compile: ${/for Linux [^ ]+/.exec(first)?.[0] ?? first}`;
  return new ConformanceError('target', 'does-not-compile', [sentence, ...shown].join('\n'), {
    cause: error,
    hint: 'The compiler and the headers are those of that kernel; what it said is above.',
  });
}

/** Where the copy is compiled, which the user has never heard of. */
const BUILD_PLACE = /\/build\/[0-9a-f-]{36}\//g;

/** What `init.c` prints when it cannot load the module, or finds no node. */
const NOT_LOADED = /mmap-conformance: init failed: load (\S+): ([^\n]+)/;
const NO_NODE = /mmap-conformance: init failed: find node (\S+): /;

/**
 * Turns what a guest printed before it gave up into a sentence about the user's module; another error stays as it is.
 *
 * @param console - what the kernel and the first process of the guest have printed
 */
export function explainStart(error: unknown, module: UserModule, console: string): unknown {
  const notLoaded = NOT_LOADED.exec(console);
  if (notLoaded?.[1] === module.name) {
    const said = kernelLines(console.slice(0, notLoaded.index));
    const sentence = `The module ${module.name} cannot be loaded: ${notLoaded[2]?.trim() ?? ''}`;
    const parameters = module.params === undefined ? 'without parameters' : `with the parameters ${module.params}`;
    return new ConformanceError('target', 'module-not-loaded', [sentence, ...said].join('\n'), {
      cause: error,
      hint: `It was loaded ${parameters}; what the kernel printed is above.`,
    });
  }
  const missing = NO_NODE.exec(console)?.[1];
  if (missing === undefined) return error;
  return new ConformanceError('target', 'no-node', `The module ${module.name} is loaded, but there is no ${missing}.`, {
    cause: error,
    hint: `Neither did the kernel make that node, nor does /proc/devices list a driver called ${missing.split('/').at(-1) ?? ''}.`,
  });
}

/** The last lines that the kernel printed, without their times. */
function kernelLines(console: string): string[] {
  const lines = console.split('\n').flatMap((line) => /^\s*(?:<\d+>)?\[\s*\d+\.\d+\]\s*(.*\S)/.exec(line)?.[1] ?? []);
  return lines.slice(-5);
}
