"""The functions that a script for bash begins with, each where it is needed."""

from __future__ import annotations

REQUEST = """\
# Sends one request, and keeps the answer's status and body.
request() {
    answer=$(curl --silent --show-error CA_FILE --write-out '\\n%{http_code}' "$@")
    status=${answer##*$'\\n'}
    body=${answer%$'\\n'*}
}

# The answer's error code; nothing where it has none.
error() {
    printf '%s' "$body" | jq --raw-output '.error? // empty' 2>/dev/null || :
}

# Ends the script unless the status is the recorded one.
expect() {
    if [ "$status" != "$2" ]; then
        printf '%s: %s was recorded, %s came (%s)\\n' "$1" "$2" "$status" "$(error)" >&2
        exit 1
    fi
    printf '%s: %s\\n' "$1" "$status"
}
"""

FIELD = """\
# Prints one value of the answer.
field() {
    printf '%s' "$body" | jq --raw-output --exit-status "$1" || {
        printf 'the answer has no %s\\n' "$1" >&2
        exit 1
    }
}
"""

POLL = """\
# Sends one request until it is answered: 5 seconds between two polls, and 5 more after each slow_down.
poll() {
    interval=5
    while :; do
        request "$@"
        case "$status $(error)" in
        *' authorization_pending') ;;
        429* | *' slow_down') interval=$((interval + 5)) ;;
        *) return ;;
        esac
        sleep "$interval"
    done
}
"""

ASK = """\
# Asks the person, and prints what is typed.
ask() {
    printf '%s: ' "$1" >&2
    read -r typed
    printf '%s' "$typed"
}
"""
