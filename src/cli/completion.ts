import type { Command } from 'commander';

/** What a shell completes of a command. */
export interface CommandWords {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly OptionWords[];
  /** Words that an argument may be; empty where it is a file. */
  readonly words: readonly string[];
}

export interface OptionWords {
  /** With the dashes: "--out". */
  readonly flags: readonly string[];
  readonly summary: string;
  readonly takesValue: boolean;
  /** What the value may be; empty where that is a file or anything. */
  readonly choices: readonly string[];
}

/** @param program with the options of all commands. */
export function describeCommands(program: Command): CommandWords[] {
  return program.commands.map((command) => ({
    name: command.name(),
    summary: command.description(),
    words: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
    options: command.options.map(({ short, long, description, required, optional, argChoices }) => ({
      flags: [short, long].filter((flag) => flag !== undefined),
      summary: description,
      takesValue: required || optional,
      choices: argChoices ?? [],
    })),
  }));
}

/** Completion scripts by shell. Whatever is no command, option or choice is completed as a file. */
export const scripts = { bash, zsh, fish } as const;

function bash(commands: readonly CommandWords[]): string {
  const flags = commands.map(({ name, options, words }) => {
    const all = [...words, ...options.flatMap((option) => option.flags), '--help'];
    return `    ${name}) words='${all.join(' ')}' ;;`;
  });
  const choices = commands.flatMap(({ name, options }) =>
    options
      .filter((option) => option.choices.length > 0)
      .map((option) => `    ${option.flags.map((flag) => `${name}:${flag}`).join('|')}) words='${option.choices.join(' ')}' ;;`),
  );
  return `# bash completion of espalier
_espalier() {
  local command=\${COMP_WORDS[1]} current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} words=''
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')} help --help --version' -- "$current"))
    return
  fi
  case "$command" in
${flags.join('\n')}
  esac
  case "$command:$previous" in
${choices.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _espalier espalier
`;
}

function zsh(commands: readonly CommandWords[]): string {
  const listed = commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`);
  const cases = commands.map(({ name, options, words }) => {
    const specs = options.flatMap(({ flags, summary, takesValue, choices }) =>
      flags.map((flag) => {
        const value = takesValue ? `:value:${choices.length > 0 ? `(${choices.join(' ')})` : '_files'}` : '';
        return quoted(`${flag}[${summary.replace(/[[\]:\\]/g, '\\$&')}]${value}`);
      }),
    );
    const rest = quoted(words.length > 0 ? `*:word:(${words.join(' ')})` : '*:file:_files');
    return `    ${name}) _arguments ${[...specs, rest].join(' ')} ;;`;
  });
  return `#compdef espalier
_espalier() {
  local -a commands=(
${listed.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
${cases.join('\n')}
  esac
}
if [ "$funcstack[1]" = "_espalier" ]; then _espalier "$@"; else compdef _espalier espalier; fi
`;
}

function fish(commands: readonly CommandWords[]): string {
  const lines = commands.flatMap(({ name, summary, options, words }) => {
    const within = `complete -c espalier -n '__fish_seen_subcommand_from ${name}'`;
    return [
      `complete -c espalier -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
      ...(words.length > 0 ? [`${within} -f -a ${quoted(words.join(' '))}`] : []),
      ...options.map(({ flags, summary, takesValue, choices }) => {
        const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`)).join(' ');
        const value = choices.length > 0 ? ` -x -a ${quoted(choices.join(' '))}` : takesValue ? ' -r' : '';
        return `${within} ${names}${value} -d ${quoted(summary)}`;
      }),
    ];
  });
  return `# fish completion of espalier\n${lines.join('\n')}\n`;
}

/** For any of the shells: in single quotes, where nothing is expanded. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
