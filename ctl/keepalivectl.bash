# Completes keepalivectl's commands, options, and the names of destinations and groups, which it asks the server for.

_keepalivectl() {
    local -a words
    # At white space alone: bash breaks words at the ":" and "=" of a URI too. A backslash goes with what it quotes.
    read -r -a words <<<"${COMP_LINE:0:COMP_POINT}"
    [[ ${COMP_LINE:0:COMP_POINT} != *[[:space:]] ]] || words+=("")
    local current=${words[-1]//\\/} previous=${words[-2]-} command="" word at
    local -a server=()
    local commands="summary list show add del drain maint ready self ping pause resume reload wait watch top check history
        groups names cluster orders changes settings rpc"
    for word in "${words[@]:1:${#words[@]}-2}"; do
        [[ -n $command || " ${commands//[[:space:]]/ } " != *" $word "* ]] || command=$word
    done
    for ((at = 1; at < ${#words[@]} - 2; at++)); do
        case ${words[at]} in --socket | --token-file) server+=("${words[at]}" "${words[at + 1]}") ;; esac
    done

    local found=""
    case $previous in
        --socket | --token-file) compopt -o default; COMPREPLY=(); return ;;
        --for | --timeout | -t | --interval) found="30s 5m 1h 1d" ;;
        --state | -s) found="up down unknown drain maint" ;;
        --sort) found="name worst since latency" ;;
        --group | -g) found=$(_keepalivectl_names groups --names) ;;
        --why | --search | --policy | --owner | --count | -n | --since | --warning | -w | --critical | -c) COMPREPLY=(); return ;;
        *) found=$(_keepalivectl_words) ;;
    esac
    local IFS=$'\n'
    # shellcheck disable=SC2206
    local -a candidates=(${found//[ $'\t']/$'\n'})
    COMPREPLY=()
    for word in "${candidates[@]}"; do
        [[ $word != "$current"* ]] || COMPREPLY+=("$(printf %q "$word")")
    done
    # bash puts the reply in the place of what stands behind the last break.
    local broken=${current%"${current##*[:=]}"}
    [[ $COMP_WORDBREAKS == *:* ]] || broken=""
    COMPREPLY=("${COMPREPLY[@]#"$(printf %q "$broken")"}")
}

# What may stand here if it is no option's value.
_keepalivectl_words() {
    local options="--json --socket --token-file --timeout --help"
    case $command in
        "") echo "$commands $options"; return ;;
        list) options+=" --group --state --search --sort --count --names --targets" ;;
        names) options+=" --group --dead --failing --count" ;;
        top) options+=" --group --state --interval" ;;
        check) options+=" --group --warning --critical --paused-ok" ;;
        drain | maint | self) options+=" --for --why" ;;
        history) options+=" --policy" ;;
        ready) options+=" --why" ;;
        ping) options+=" --verbose" ;;
        reload) options+=" --dry-run --force" ;;
        add | del) options+=" --owner" ;;
        watch | orders | cluster) options+=" --count" ;;
        changes) options+=" --count --since" ;;
        groups) options+=" --names" ;;
    esac
    if [[ $current == -* ]]; then
        echo "$options"
        return
    fi
    case $command in
        self) echo "drain ready" ;;
        show | history | del | drain | maint | ready | ping | watch | check) _keepalivectl_destinations ;;
        wait)
            if [[ $previous == wait ]]; then
                _keepalivectl_destinations
            else
                echo "up down unknown drain maint ready"
            fi
            ;;
    esac
}

# Behind the "#" of a name its targets are offered.
_keepalivectl_destinations() {
    case $current in
        *"#"*) _keepalivectl_names list --names --targets --search "${current%%"#"*}" ;;
        *) _keepalivectl_names list --names --search "$current" ;;
    esac
}

# A server that does not answer at once completes nothing, and nobody waits for it.
_keepalivectl_names() {
    [[ $1 != list ]] || set -- "$@" --count 200
    keepalivectl "${server[@]}" --timeout 1s "$@" 2>/dev/null
}

complete -F _keepalivectl keepalivectl
