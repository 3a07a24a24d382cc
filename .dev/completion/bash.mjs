import { described, metricsOf, NOTE } from './words.mjs';

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
        '3 munin munin') words='${tables.MUNIN_MODES.join(' ')}' ;;
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
