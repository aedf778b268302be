package cli

// bashCompletion takes the words from the line itself: bash breaks them at colons
// and brackets, and puts back only what is behind its own last break.
const bashCompletion = `# bash completion for dindctl
_dindctl() {
  local line=${COMP_LINE:0:COMP_POINT} words=() value own cut
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  own=${words[${#words[@]}-1]}
  cut=${own%"${COMP_WORDS[COMP_CWORD]}"}
  [[ ${COMP_WORDS[COMP_CWORD]} == [:=] ]] && cut=$own
  COMPREPLY=()
  while IFS=$'\t' read -r value _; do
    if [[ $value == :files ]]; then
      compopt -o default -o filenames 2>/dev/null
      while IFS= read -r value; do COMPREPLY+=("${value#"$cut"}"); done < <(compgen -f -- "$own")
      continue
    fi
    [[ $value == *: ]] && compopt -o nospace 2>/dev/null
    [[ $value == *[][\"]* ]] && printf -v value '%q' "$value"
    COMPREPLY+=("${value#"$cut"}")
  done < <("${words[0]}" complete -- "${words[@]:1}" 2>/dev/null)
}
complete -F _dindctl dindctl
`

const zshCompletion = `#compdef dindctl
# zsh completion for dindctl
_dindctl() {
  local value text files=0
  local -a plain open
  while IFS=$'\t' read -r value text; do
    if [[ $value == :files ]]; then
      files=1
    elif [[ $value == *: ]]; then
      open+=("$value")
    else
      plain+=("${value//:/\\:}${text:+:$text}")
    fi
  done < <("${words[1]}" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)
  (( $#plain )) && _describe -V dindctl plain
  (( $#open )) && compadd -S '' -- $open
  (( files )) && _files
}
if [[ $funcstack[1] == _dindctl ]]; then
  _dindctl "$@"
else
  compdef _dindctl dindctl
fi
`

const fishCompletion = `# fish completion for dindctl
function __dindctl_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in ($words[1] complete -- $words[2..-1] $current 2>/dev/null)
        if test "$line" = ":files"
            __fish_complete_path $current
        else
            echo $line
        end
    end
end
complete -c dindctl -f -a '(__dindctl_complete)'
`
