#compdef cnn
# Completion of cnn in zsh: source <(cnn completion zsh)
_cnn_runs() {
  local -a runs
  runs=(runs/*/run.json(N:h))
  (( ${#runs} )) && compadd -a runs
}

_cnn() {
  local -a words_before
  local word command
  for word in "${(@)words[2,CURRENT-1]}"; do
    [[ $word == -* ]] || words_before+=("$word")
  done
  command="${words_before[1]}"
  case "$command" in
    data) command="$command ${words_before[2]}" ;;
  esac
  case "$command" in
    'train')
      shift 1 words; (( CURRENT -= 1 ))
      _arguments \
        '*--arch=[network]:value:{ compadd -- lenet5 nin }' \
        '*-a[network]:value:{ compadd -- lenet5 nin }' \
        '*--resume=[a run’s directory]:value:{ _cnn_runs; _files -/ }' \
        '*--weights=[file  .pth   weights]:value:{ _files }' \
        '*--epochs=[epochs]:value: ' \
        '*--nesterov[momentum]' \
        '*--no-nesterov[momentum]' \
        '*:word:{ compadd -- lenet5 mnist; _files }' ;;
    'data check')
      shift 2 words; (( CURRENT -= 2 ))
      _arguments \
        '*:word:{ _cnn_runs; _files -/ }' ;;
    'data '*) compadd -- check ;;
    help) compadd -- train data ;;
    *) (( ${#words_before} )) || compadd -- train data help --help --version ;;
  esac
}

# A file of fpath is run at the first completion; a script that is sourced only defines it.
if [[ ${funcstack[1]} == _cnn ]]; then
  _cnn "$@"
else
  compdef _cnn cnn
fi
