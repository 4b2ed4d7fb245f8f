#!/usr/bin/env bash
# What .ci/run shows of the package: `package.sh STAGE [MAJOR]`, with npm of that major version where it is named.
# $scratch is a folder to work in, with prefine-*.tgz in it after `pack`.
set -eu -o pipefail
checkout=$(cd "$(dirname "$0")/.." && pwd)
readonly checkout question="Is a higher octane gasoline better for your car?"

fail() {
  echo "expected $*"
  exit 1
}

# with_npm MAJOR COMMAND...: with nothing of this shell but PATH: no .npmrc, no flag, no setting, an empty cache. Only
# the registry can be reached, unless the way to it is a proxy: all else is sent to one that is not there.
with_npm() {
  local major=$1 registry nowhere=http://127.0.0.1:9 network
  shift
  registry=$(npm config get registry 2>/dev/null) # its warnings are of the settings around this
  if [ -n "${HTTPS_PROXY:-${https_proxy:-}}" ]; then
    network=(HTTPS_PROXY="${HTTPS_PROXY:-$https_proxy}" NO_PROXY="${NO_PROXY:-${no_proxy:-}}")
  else
    network=(HTTPS_PROXY=$nowhere HTTP_PROXY=$nowhere)
    network+=(NO_PROXY="$(node -p 'new URL(process.argv[1]).hostname' "$registry")")
  fi
  [ -z "${NODE_EXTRA_CA_CERTS:-}" ] || network+=(NODE_EXTRA_CA_CERTS="$NODE_EXTRA_CA_CERTS")
  env -i PATH="$scratch/npm$major/node_modules/.bin:$PATH" HOME="$scratch/home$major" TMPDIR="$scratch" LANG=C.UTF-8 \
    CI=true npm_config_registry="$registry" GLOBAL_AGENT_HTTPS_PROXY=$nowhere "${network[@]}" "$@"
}

# offline MAJOR COMMAND...: in a network of its own with nothing in it, where the system permits that.
offline() {
  local major=$1 alone=(env npm_config_offline=true HF_HUB_OFFLINE=1)
  shift
  if unshare -rn true 2>/dev/null; then alone=(unshare -rn); else echo "(no unshare here: offline by settings)"; fi
  with_npm "$major" "${alone[@]}" "$@"
}

# without_warnings COMMAND...: nothing but ours is set around it, so every warning of npm is of ours.
without_warnings() {
  local log
  log=$(mktemp "$scratch/log.XXXXXX")
  "$@" 2>&1 | tee "$log"
  ! grep -i "npm warn" "$log" || fail "npm to warn of nothing"
}

get_npm() {
  mkdir -p "$scratch/npm$1" "$scratch/home$1"
  npm install --prefix "$scratch/npm$1" "npm@$1" >/dev/null
  echo "npm $(with_npm "$1" npm --version)"
}

# In the checkout itself, as it is.
check() {
  cd "$checkout"
  without_warnings with_npm "$1" npm run check
}

# A fresh clone: `npm ci` alone builds what `npx prefine` runs, and leaves every committed file as it is. The install
# script of onnxruntime-node would fetch what the registry does not have.
clone() {
  local folder=$scratch/clone$1 cache
  cache=$(npm config get cache 2>/dev/null)
  git clone -q "$checkout" "$folder"
  cd "$folder"
  without_warnings with_npm "$1" npm_config_cache="$cache" npm ci --prefer-offline
  [ -z "$(find node_modules/onnxruntime-node -name '*_providers_*')" ] || fail "no install script to be run"
  without_warnings with_npm "$1" npm run build
  git diff --exit-code
  with_npm "$1" npx --no-install prefine --version
  cd "$scratch"
  rm -rf "$folder"
}

# From sources alone.
pack() {
  cd "$checkout"
  rm -rf dist
  npm pack --silent --pack-destination "$scratch"
}

# What has to be in it, and nothing but that; and the README says its size.
contents() {
  local list=$scratch/contents.txt name megabytes
  tar -tzf "$scratch"/prefine-*.tgz | sed 's,^package/,,' | sort >"$list"
  for name in LICENSE README.md bin/prefine.js demo/everyday-gpt2/model.safetensors dist/cli/main.js dist/index.d.ts \
    dist/onnxruntime/{LICENSE,node/bin/napi-v6/{linux/x64,linux/arm64,darwin/arm64,win32/x64}/onnxruntime_binding.node} \
    dist/onnxruntime/web/dist/ort-wasm-simd-threaded.wasm; do
    grep -qxF "$name" "$list" || fail "$name in the package"
  done
  local files='(README|ARCHITECTURE|CONTRIBUTING|COMPATIBILITY|CHANGELOG|SECURITY|bench/smollm2)\.md|package\.json|LICENSE'
  ! grep -vE "^(bin|dist|demo|docs|examples|configs)/|^($files)$" "$list" || fail "none of these"
  ! grep -E '(^|/)(test|tests|scripts|fixtures)/|\.test\.|\.map$|tsbuildinfo' "$list" || fail "none of these"
  ! grep -E '\.[cm]?ts$' "$list" | grep -vE '^examples/|\.d\.ts$' || fail "no sources"
  megabytes=$(node -p 'Math.round(require("node:fs").statSync(process.argv[1]).size / 1e6)' "$scratch"/prefine-*.tgz)
  echo "$(wc -l <"$list") files, $megabytes MB"
  grep -q "The package is $megabytes MB" "$checkout/README.md" || fail "the README to say: The package is $megabytes MB"
}

# Into an empty folder; nothing is run at that, so nothing can be fetched from elsewhere.
install() {
  local app=$scratch/app$1
  mkdir -p "$app"
  cd "$app"
  echo '{ "private": true }' >package.json # as npm looks for a project in the folders above
  without_warnings with_npm "$1" npm install "$scratch"/prefine-*.tgz
  ! grep hasInstallScript package-lock.json || fail "no install script"
  [ ! -e node_modules/onnxruntime-node ] || fail "no onnxruntime-node"
  du -sh node_modules
}

# What runs in the one folder then counts for both.
same() {
  diff -rq --exclude .package-lock.json "$scratch"/app{"$1","$2"}/node_modules || fail "no difference"
}

demo() {
  cd "$scratch/app$1"
  offline "$1" npx --no-install prefine demo 2>demo.err | tee demo.out
  [ ! -s demo.err ] || { cat demo.err; fail "nothing on stderr"; }
  tail -n 1 demo.out | grep -qE '^ *Done in [0-9]+ s\.$' || fail "the last line to be: Done in ... s."
  [ -s prefine-demo/adapter_model.safetensors ] || fail "prefine-demo/adapter_model.safetensors"
  [ -s prefine-demo/training_loss.png ] || fail "prefine-demo/training_loss.png"
}

# ask MAJOR [NAME=VALUE]: what the demo's model answers.
ask() {
  offline "$1" env "${2:-PREFINE_RUNTIME=}" npx --no-install prefine generate \
    node_modules/prefine/demo/everyday-gpt2 --prompt "$question"
}

wasm() {
  cd "$scratch/app$1"
  local native wasm
  native=$(ask "$1" PREFINE_RUNTIME=native)
  wasm=$(ask "$1" PREFINE_RUNTIME=wasm)
  echo "$wasm"
  [ -n "$wasm" ] && [ "$wasm" = "$native" ] || fail "WebAssembly to answer as the native runtime: $native"
}

# An onnxruntime-node that a person installs beside prefine computes, and not prefine's own copy of it.
own_runtime() {
  cd "$scratch/app$1"
  local own=node_modules/onnxruntime-node
  mkdir "$own"
  echo '{ "name": "onnxruntime-node", "version": "99.0.0", "main": "index.js" }' >"$own/package.json"
  cat >"$own/index.js" <<'JS'
require("node:fs").writeSync(2, "the one beside prefine computes\n");
module.exports = require("../prefine/dist/onnxruntime/node/dist/index.js");
JS
  ask "$1" 2>&1 | tee own.log
  rm -r "$own"
  grep -q "the one beside prefine computes" own.log || fail "the installed onnxruntime-node to be loaded"
}

commands() {
  cd "$scratch/app$1"
  local expected found help command
  expected=$(node -p 'require(process.argv[1]).version' "$checkout/package.json")
  found=$(offline "$1" npx --no-install prefine --version)
  [ "$found" = "$expected" ] || fail "prefine --version to say $expected, found $found"
  help=$(offline "$1" npx --no-install prefine --help)
  for command in train data generate compare demo plot; do
    grep -qw "$command" <<<"$help" || fail "prefine --help to name $command"
  done
}

# A program of someone else's: its types under both resolutions, with old compilers and new ones at their strictest, and
# as JavaScript.
program() {
  local name
  mkdir -p "$scratch/compilers"
  npm install --prefix "$scratch/compilers" typescript54@npm:typescript@5.4 typescript59@npm:typescript@5.9 \
    typescript@latest >/dev/null
  cd "$scratch/app$1"
  cp "$checkout/.ci/program.ts" program.mts
  for name in typescript54 typescript59 typescript; do
    printf '%s\n' "$name --module nodenext" "$name --module esnext --moduleResolution bundler"
  done | xargs -P 2 -I {} bash "$checkout/.ci/package.sh" compile {} # fails if one of them does
  node program.mjs
}

# compile "NAME OPTION...": program.mts, which gives program.mjs for the newest compiler under nodenext.
compile() {
  local words tsc
  read -ra words <<<"$1"
  tsc=$scratch/compilers/node_modules/${words[0]}/bin/tsc
  [ "$1" = "typescript --module nodenext" ] || words+=(--noEmit)
  [[ "$1" = typescript5* ]] || words+=(--ignoreConfig) # which older ones ignore anyway
  "$tsc" "${words[@]:1}" --strict --noUncheckedIndexedAccess --exactOptionalPropertyTypes --skipLibCheck false \
    --target es2022 program.mts || fail "no error of types: $("$tsc" --version): ${words[*]:1}"
  echo "$("$tsc" --version): ${words[*]:1}"
}

# A bundle answers where prefine stays outside; with prefine in it, it says in one line why it can't.
bundle() {
  cd "$scratch/app$1"
  cat >answer.mjs <<'JS'
import { AutoModelForCausalLM } from "prefine";

const model = await AutoModelForCausalLM.from_pretrained("node_modules/prefine/demo/everyday-gpt2");
const { completions } = await model.generate("Why is the sky blue?", { max_new_tokens: 8, do_sample: false });
await model.dispose();
console.log(`${completions[0].length} tokens`);
JS
  local esbuild=("$checkout/node_modules/.bin/esbuild" answer.mjs --bundle --platform=node --format=esm)
  local require='import { createRequire as from } from "node:module"; const require = from(import.meta.url);' code=0
  "${esbuild[@]}" --packages=external --outfile=outside.mjs
  [ "$(node outside.mjs)" = "8 tokens" ] || fail "8 tokens"
  # What is left out of this one and put before it is what two packages of others need.
  "${esbuild[@]}" --external:@resvg/resvg-js --banner:js="$require" --outfile=inside.mjs
  node inside.mjs 2>inside.err || code=$?
  grep -F "expected ./thread.js of prefine next to it, found none; was prefine bundled?" inside.err >inside.line || true
  cat inside.line
  [ "$code" -eq 1 ] && [ "$(wc -l <inside.line)" -eq 1 ] || { cat inside.err; fail "this line, and code 1: $code"; }
}

# get_runtime NAME PACKAGE VERSION PATH: a runtime from the npm registry, as the package that holds its program alone,
# so that no install script has to fetch it.
get_runtime() {
  local folder=$scratch/runtimes/$1
  mkdir -p "$folder"
  npm install --prefix "$folder" --ignore-scripts --force "$2@$3" >/dev/null 2>&1 || return 1
  ln -sf "$folder/node_modules/$2/$4" "$folder/$1"
}

# every_runtime NAME [ARGUMENT...]: that program trains and answers, by the API and by the command line, and ends.
every_runtime() {
  local name=$1 program=$scratch/runtimes/$1/$1 out=run-$1
  shift
  cd "$scratch/app11"
  cp "$checkout/.ci/everyRuntime.mjs" everyRuntime.mjs
  "$program" --version | head -n 1
  timeout 120 "$program" "$@" everyRuntime.mjs "$out" 2>"$name.err" | tee "$name.out" \
    || { cat "$name.err"; fail "$name to train"; }
  grep -q "^trained and answered: " "$name.out" || fail "$name to answer"
  timeout 60 "$program" "$@" node_modules/prefine/bin/prefine.js generate "$out" --prompt "$question" --max_new_tokens 8
}

# require NAME WORKS: whether `require("prefine")` works there, as the README says.
requires() {
  cd "$scratch/app11"
  local found=no script='if (typeof require("prefine").DPOTrainer !== "function") process.exit(1)'
  if "$scratch/runtimes/$1/$1" --no-warnings -e "$script" 2>/dev/null; then found=yes; fi
  [ "$found" = "$2" ] || fail "require of prefine in $1: $2, found $found"
}

"$@"
