import { commandsOf, described, metricsOf, NOTE } from './words.mjs';

export function fishCompletion(tables) {
  const lines = described(tables).flatMap((command) => fishFlags(command, tables));
  return `# fish completion for check_conntrack. ${NOTE}
# Goes to /usr/share/fish/vendor_completions.d/ or ~/.config/fish/completions/.

function __check_conntrack_is
    set -l words (commandline -opc)
    set -l command check
    if set -q words[2]; and contains -- $words[2] ${tables.COMMANDS.join(' ')}
        set command $words[2]
    end
    test $command = $argv[1]
end

function __check_conntrack_first
    test (count (commandline -opc)) -eq 1
end

complete -c check_conntrack -f
${commandsOf(tables)
  .map(([name, about]) => `complete -c check_conntrack -n __check_conntrack_first -a ${name} -d ${fishQuoted(about)}`)
  .join('\n')}
complete -c check_conntrack -n '__check_conntrack_is munin' -a '${tables.MUNIN_MODES.join(' ')}'
${lines.join('\n')}
`;
}

function fishFlags({ name, flags }, tables) {
  return flags.map(({ long, short, value, about }) => {
    const names = `${short === undefined ? '' : `-s ${short} `}-l ${long}`;
    const takes = value === undefined ? '' : ` ${fishValue(value, tables)}`;
    return `complete -c check_conntrack -n '__check_conntrack_is ${name}' ${names}${takes} -d ${fishQuoted(about)}`;
  });
}

function fishValue({ kind, words }, tables) {
  const metrics = metricsOf(tables).map(([name, about]) => `${name}=\\t'${about.replace(/['"$\\]/g, '\\$&')}'`);
  const arguments_ = {
    metric: () => `-x -a "${metrics.join(' ')}"`,
    directory: () => "-x -a '(__fish_complete_directories)'",
    file: () => '-r -F',
    choice: () => `-x -a '${words.join(' ')}'`,
    any: () => '-x',
  };
  return arguments_[kind]();
}

function fishQuoted(text) {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
