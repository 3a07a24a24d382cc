// Completion for bash, zsh and fish, made of the source's tables of flags and metrics: what may follow, and what a value
// may be. None of them runs the plugin.

const STATES = ['ok', 'warning', 'critical', 'unknown'];
const COMMANDS_ABOUT = {
  check: 'the check, which it is without a command',
  report: 'an incident, told to a person',
  plan: 'what a limit costs and how to set it',
  munin: 'the plugin for Munin',
};
const NOTE = 'Made of the tables of flags and metrics by `npm run papers`.';

/** What each command takes, in the terms of all three shells. */
function described({ COMMANDS, FLAGS }) {
  const flagsOf = (command) => FLAGS.filter(({ of }) => of === undefined || of === command);
  return COMMANDS.map((name) => ({
    name,
    flags: flagsOf(name).map((flag) => ({ ...flag, names: namesOf(flag), value: valueFor(flag) })),
  }));
}

function namesOf({ long, short }) {
  return [...(short === undefined ? [] : [`-${short}`]), `--${long}`];
}

/** What a flag's value is: undefined for none, else its kind and, of a choice, the words. */
function valueFor({ takes, about }) {
  if (takes === undefined) return undefined;
  if (takes.includes('METRIC')) return { kind: 'metric' };
  if (takes.startsWith('DIR')) return { kind: 'directory' };
  if (takes.startsWith('FILE')) return { kind: 'file' };
  if (takes === 'STATE') return { kind: 'choice', words: STATES };
  if (takes === 'FORMAT') return { kind: 'choice', words: about.replace(/ \(.*/, '').split(/, | or /) };
  if (/^[a-z|]+$/.test(takes)) return { kind: 'choice', words: takes.split('|') };
  return { kind: 'any' };
}

/** The metrics that thresholds may be on, with what they are. */
function metricsOf({ METRICS, METRIC_NAMES, metricSpec }) {
  return METRIC_NAMES.filter((name) => metricSpec(name).judged !== 'nowhere').map((name) => [name, METRICS[name]]);
}

function commandsOf({ COMMANDS }) {
  return COMMANDS.map((name) => [name, COMMANDS_ABOUT[name] ?? name]);
}

function muninModes({ FLAGS, renderHelp }) {
  return /munin \[([a-z|]+)\]/.exec(renderHelp(FLAGS, 'munin'))[1].split('|');
}

export function bashCompletion(tables) {
  const commands = described(tables);
  const names = tables.COMMANDS.join(' ');
  const flags = ({ name, flags: all }) => `    ${name}) flags='${all.flatMap(({ names: own }) => own).join(' ')}' ;;`;
  return `# bash completion for check_conntrack. ${NOTE}
# Goes to /usr/share/bash-completion/completions/check_conntrack. It needs nothing of bash-completion.

_check_conntrack() {
  # Readline may take = for the end of a word: this goes by blanks, and puts together what readline replaces ($2).
  local line=\${COMP_LINE:0:COMP_POINT} parts command=check flags= before= word= option= kind=any words= candidate
  read -ra parts <<<"$line"
  [[ $line == *[[:space:]] ]] && parts+=('')
  local count=\${#parts[@]}
  word=\${parts[count-1]}
  [ "$count" -gt 2 ] && before=\${parts[count-2]}
  case $word in
    --*=*) before=\${word%%=*} option=$before= ;;
  esac
  case " ${names} " in
    *" \${parts[1]} "*) [ "$count" -gt 2 ] && command=\${parts[1]} ;;
  esac
  case $command in
${commands.map(flags).join('\n')}
  esac
  case "$command $before" in
${commands.flatMap(bashValues).join('\n')}
    *)
      kind=choice
      case "$count $command $before" in
        '2 '*) words='${names}' ;;
        '3 munin munin') words='${muninModes(tables).join(' ')}' ;;
      esac
      [[ $word == -* ]] && words=$flags
      ;;
  esac
  local value=\${word#"$option"}
  COMPREPLY=()
  case $kind in
    metric)
      words='${metricsOf(tables)
        .map(([name]) => `${name}=`)
        .join(' ')}'
      compopt -o nospace 2>/dev/null
      ;;
    directory)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -d -- "$value")
      ;;
    file)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$value")
      ;;
  esac
  [ -n "$words" ] && mapfile -t COMPREPLY < <(compgen -W "$words" -- "$value")
  local kept=\${word%"$2"}
  for candidate in "\${!COMPREPLY[@]}"; do
    COMPREPLY[candidate]=$option\${COMPREPLY[candidate]}
    COMPREPLY[candidate]=\${COMPREPLY[candidate]#"$kept"}
  done
}

complete -F _check_conntrack check_conntrack
`;
}

function bashValues({ name, flags }) {
  return flags
    .filter(({ value }) => value !== undefined)
    .map(({ names, value: { kind, words } }) => {
      const what = words === undefined ? `kind=${kind}` : `kind=${kind} words='${words.join(' ')}'`;
      return `    ${names.map((flag) => `'${name} ${flag}'`).join(' | ')}) ${what} ;;`;
    });
}

export function zshCompletion(tables) {
  const commands = described(tables);
  const quoted = ([name, about]) => `'${escapedColons(name)}:${singleQuoted(about)}'`;
  return `#compdef check_conntrack
# zsh completion for check_conntrack. ${NOTE}
# Goes to a directory of fpath, usually /usr/share/zsh/vendor-completions or /usr/local/share/zsh/site-functions.

_check_conntrack_threshold() {
  local -a metrics=(
${metricsOf(tables)
  .map((metric) => `    ${quoted(metric)}`)
  .join('\n')}
  )
  _describe -t metrics metric metrics -S =
}

_check_conntrack() {
  local command=check
  local -a commands=(
${commandsOf(tables)
  .map((command) => `    ${quoted(command)}`)
  .join('\n')}
  )
  if ((CURRENT > 2)) && [[ " ${tables.COMMANDS.join(' ')} " == *" $words[2] "* ]]; then
    command=$words[2]
    shift words
    ((CURRENT--))
  elif ((CURRENT == 2)) && [[ $words[2] != -* ]]; then
    _describe -t commands command commands
    return
  fi
  case $command in
${commands.map((command) => zshCase(command, tables)).join('\n')}
  esac
}

_check_conntrack "$@"
`;
}

function zshCase({ name, flags }, tables) {
  const specs = flags.map(zshSpec);
  if (name === 'munin') specs.push(`'1:mode:(${muninModes(tables).join(' ')})'`);
  return `    ${name})\n      _arguments -s -S : \\\n${specs.map((spec) => `        ${spec}`).join(' \\\n')}\n      ;;`;
}

const ZSH_ACTIONS = { metric: '_check_conntrack_threshold', directory: '_files -/', file: '_files', any: '' };

function zshSpec({ names, repeat, value, takes, about }) {
  const excluded = repeat ? `'*'` : `'(${names.join(' ')})'`;
  const marked = names.map((name) => (value === undefined ? name : name.startsWith('--') ? `${name}=` : `${name}+`));
  const alternatives = marked.length === 1 ? marked[0] : `{${marked.join(',')}}`;
  const what = singleQuoted(about.replace(/[[\]\\:]/g, '\\$&'));
  const action = value === undefined ? '' : `:${takes.replace(/[[\]\\:]/g, '\\$&')}:${zshAction(value)}`;
  return `${excluded}${alternatives}'[${what}]${action}'`;
}

function zshAction({ kind, words }) {
  return words === undefined ? ZSH_ACTIONS[kind] : `(${words.join(' ')})`;
}

function escapedColons(text) {
  return text.replaceAll(':', '\\:');
}

function singleQuoted(text) {
  return text.replaceAll("'", "'\\''");
}

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
complete -c check_conntrack -n '__check_conntrack_is munin' -a '${muninModes(tables).join(' ')}'
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
