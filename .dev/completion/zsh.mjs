import { commandsOf, described, metricsOf, NOTE } from './words.mjs';

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
  if (name === 'munin') specs.push(`'1:mode:(${tables.MUNIN_MODES.join(' ')})'`);
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
