#!/usr/bin/env bash
# Two hundred people who read pages of the demo for a minute: errors, requests a second, and how long half, 95 and 99 of 100 waited.
#   benches/load.sh [SECONDS] [READERS]      needs `weir` (WEIR_BIN or target/release) and ab (Debian: apache2-utils)
# Server and readers share the first two cores. What else the machine did in that minute is said beside the figures: read them together.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds="${1:-60}" readers="${2:-200}"
weir="${WEIR_BIN:-${CARGO_TARGET_DIR:-target}/release/weir}"
command -v ab >/dev/null || { echo "ab is missing: apt-get install apache2-utils"; exit 2; }
work="$(mktemp -d)"
demo="${WEIR_DEMO:-$work/demo}" port="${WEIR_PORT:-8699}"
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
[ -e "$demo/demo-is-ready" ] || "$weir" demo --prepare --dir "$demo" >/dev/null
taskset -c 0,1 "$weir" demo --dir "$demo" --port "$port" >"$work/served" 2>&1 &
server=$!
until grep -q '^Open http' "$work/served"; do sleep 0.2; kill -0 "$server"; done
email=officer@weir-demo.example
password="${WEIR_DEMO_PASSWORD:-$(grep "$email" "$work/served" | tr '│┆|' '\n' | sed -n 's/^ *\([a-z0-9]\{4\}-[a-z0-9-]*\) *$/\1/p' | head -1)}"
cookie="$(curl -si "http://localhost:$port/sign-in" --data-urlencode "email=$email" --data-urlencode "password=$password" |
  tr -d '\r' | sed -n 's/^set-cookie: \([^;]*\).*/\1/Ip')"
[ -n "$cookie" ] || { echo "could not sign in; a demo that was served before keeps its passwords: set WEIR_DEMO_PASSWORD"; exit 2; }
year="$(curl -s -b "$cookie" "http://localhost:$port/" | grep -o 'href="/school/[^"/]*/[0-9-]*"' | head -1 | cut -d'"' -f2)"
figure="$(curl -s -b "$cookie" "http://localhost:$port$year" | grep -o "href=\"$year/figure/[^\"]*\"" | head -1 | cut -d'"' -f2)"
pages=(/ "$year" "$year/review" "$figure")
for page in "${pages[@]}"; do curl -sf -o /dev/null -b "$cookie" "http://localhost:$port$page"; done
each=$((readers / ${#pages[@]}))
echo "weir $("$weir" --version | cut -d' ' -f2), $(nproc) cores, $(uname -sr), load before: $(cut -d' ' -f1-3 /proc/loadavg)"
busy() { awk '/^cpu /{print $2+$3+$4+$7+$8}' /proc/stat; }
mine() { awk '{print $14+$15}' "/proc/$server/stat"; }
busy_before="$(busy)" mine_before="$(mine)" jobs=()
for n in "${!pages[@]}"; do
  taskset -c 0,1 ab -q -l -t "$seconds" -n 10000000 -c "$each" -s 60 -C "$cookie" -H "Host: localhost:$port" -e "$work/$n.csv" \
    "http://127.0.0.1:$port${pages[$n]}" >"$work/$n" 2>&1 & jobs+=($!)
done
for job in "${jobs[@]}"; do wait "$job"; done
ticks="$(getconf CLK_TCK)"
echo "processor seconds of $((seconds * 2)): server $((($(mine) - mine_before) / ticks)), all that the machine did $((($(busy) - busy_before) / ticks)); load after: $(cut -d' ' -f1-3 /proc/loadavg)"
bad=0
for n in "${!pages[@]}"; do
  of() { sed -n "s/^ *$1[: ]*\([0-9.]*\).*/\1/p" "$work/$n" | head -1; }
  at() { awk -F, -v p="$1" '$1 == p {printf "%.0f", $2}' "$work/$n.csv"; }
  failed="$(of 'Failed requests')" other="$(of 'Non-2xx responses')"
  printf '%-60s %3s readers: %8s requests, %6s a second, failed %s, half %s ms, 95 of 100 %s ms, 99 of 100 %s ms\n' \
    "${pages[$n]}" "$each" "$(of 'Complete requests')" "$(of 'Requests per second')" "$((${failed:-1} + ${other:-0}))" "$(at 50)" "$(at 95)" "$(at 99)"
  [ "$((${failed:-1} + ${other:-0}))" = 0 ] || bad=1
done
exit "$bad"
