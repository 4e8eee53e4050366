/** Shells that can be taught to complete the command. */
export const COMPLETING_SHELLS = ["bash", "zsh", "fish", "powershell"] as const;
export type CompletingShell = (typeof COMPLETING_SHELLS)[number];

/**
 * What a shell's profile takes in. Each script hands the words so far to `tollgate complete` as they are, evaluates none of
 * them, and gives what comes back: a value and a description on each line, or `:files`, `:folders` or `:commands` where the
 * shell itself knows better.
 */
export const SCRIPTS: Readonly<Record<CompletingShell, string>> = {
  /** Splits the line by itself: bash's own words end at `:` and `=`, which stand in names of models and in options. */
  bash: `_tollgate() {
  local line value words cur kept
  read -ra words <<< "\${COMP_LINE:0:COMP_POINT}"
  [[ "\${COMP_LINE:0:COMP_POINT}" == *[[:space:]] ]] && words+=("")
  cur="\${words[\${#words[@]}-1]}"
  kept="\${cur%"\${cur##*[=:]}"}"
  COMPREPLY=()
  while IFS= read -r line; do
    case "$line" in
      :files) compopt -o filenames 2> /dev/null
        while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -f -- "\${cur##*=}") ;;
      :folders) compopt -o filenames 2> /dev/null
        while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -d -- "\${cur##*=}") ;;
      :commands)
        while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -c -- "$cur") ;;
      ?*) value="\${line%%$'\\t'*}"
        COMPREPLY+=("$(printf '%q' "\${value#"$kept"}")") ;;
    esac
  done < <(tollgate complete -- "\${words[@]:1}" 2> /dev/null)
}
complete -F _tollgate tollgate
`,
  zsh: `#compdef tollgate
_tollgate() {
  local line value
  local -a values
  for line in "\${(@f)$(tollgate complete -- "\${(@Q)words[2,CURRENT]}" 2> /dev/null)}"; do
    case "$line" in
      :files) _files ;;
      :folders) _files -/ ;;
      :commands) _command_names -e ;;
      ?*) value="\${line%%$'\\t'*}"
        values+=("\${value//:/\\\\:}:\${line#*$'\\t'}") ;;
    esac
  done
  (( $#values )) && _describe -t values 'tollgate' values
}
if [[ "\${funcstack[1]}" = _tollgate ]]; then _tollgate "$@"; else compdef _tollgate tollgate; fi
`,
  fish: `function __tollgate_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in (tollgate complete -- $words[2..-1] 2> /dev/null)
        switch $line
            case ':files'
                __fish_complete_path (string replace -r '^-[^=]*=' '' -- "$words[-1]")
            case ':folders'
                __fish_complete_directories (string replace -r '^-[^=]*=' '' -- "$words[-1]")
            case ':commands'
                complete -C "$words[-1]"
            case '*'
                echo $line
        end
    end
end
complete -c tollgate -f -a '(__tollgate_complete)'
`,
  /** An empty last word would be lost on its way to a program: \`--next\` stands for it. */
  powershell: `Register-ArgumentCompleter -Native -CommandName tollgate -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 |
    Where-Object { $_.Extent.StartOffset -lt $cursorPosition } | ForEach-Object { "$_" })
  $next = if ($wordToComplete -eq '') { @('--next') } else { @() }
  tollgate complete @next -- @words 2> $null | Where-Object { $_ -notlike ':*' -and $_ -ne '' } | ForEach-Object {
    $value, $about = $_ -split "\`t", 2
    $shown = if ($about) { $about } else { $value }
    $text = if ($value -match "[\\s']") { "'" + ($value -replace "'", "''") + "'" } else { $value }
    [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $shown)
  }
}
`,
};
