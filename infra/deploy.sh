#!/usr/bin/env bash
# Rollcall into Azure, step by step; pipelines and people take the same steps. `infra/deploy.sh` alone explains them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'TEXT'
infra/deploy.sh STEP RESOURCE_GROUP [FILE]

  up        all of it: template, code, signing keys, and a wait until the service is ready
  check     compile, lint and validate the template; nothing is changed
  what-if   what the template would change
  template  deploy the template
  code      deploy the code
  keys      make the first key that signs access tokens; does nothing where there is one
  admit     let requests of this machine through the site's access restriction; $ADDRESS tells its public address
  dismiss   no longer
  ready     wait until the service says that it is ready
  smoke     let the Entra simulator loose on a provider that is made for it and deleted after it
  good      remember a commit as deployed well, as a tag of the resource group; without one, tell it

FILE is, for `code`, the package (dist/rollcall.zip, which `make package` makes), for `good` the commit, and for the
other steps the parameters (infra/main.parameters.json). You need the Azure CLI 2.76 or later, signed in with
`az login`; for `up`, `check` and `template` the roles Contributor, Role Based Access Control Administrator and, where
the template makes locks, Locks Contributor in the resource group; for `what-if` to read there and to ask; for `keys` and
`smoke` to be one of the template's operators, as who deploys it is.
$LOCATION lets `up` make the resource group there; $DEPLOYMENT names the deployment (rollcall); $PATIENCE is how often
`keys` and `smoke` try, each half a minute (10).
TEXT
}

[[ $# -ge 2 ]] || { usage >&2; exit 2; }
step=$1 group=$2 file=${3:-}
deployment=${DEPLOYMENT:-rollcall}
python=.venv/bin/python

# What az is told of the template, whichever step asks.
template() {
  az deployment group "$1" --resource-group "$group" --name "$deployment" --template-file infra/main.bicep \
    --parameters "@${file:-infra/main.parameters.json}" "${@:2}"
}

# One output of the template that was deployed.
output() {
  az deployment group show --resource-group "$group" --name "$deployment" \
    --query "properties.outputs.$1.value" --output tsv
}

# The command line of the service, with the deployed one's settings; an Azure CLI that is signed in signs it in.
scim() {
  ROLLCALL_STORAGE=$(output ROLLCALL_STORAGE) ROLLCALL_PUBLIC_URL=$(output ROLLCALL_PUBLIC_URL) \
    ROLLCALL_SIGNING_KEYS=$(output ROLLCALL_SIGNING_KEYS) "$python" -m scim "$@"
}

# A command until it succeeds: a role that was just given is in force within some minutes.
patiently() {
  local left=${PATIENCE:-10}
  until "$@"; do
    ((--left > 0)) || return 1
    sleep 30
  done
}

check() {
  az bicep build --file infra/main.bicep --stdout >/dev/null
  az bicep lint --file infra/main.bicep
  template validate --output none
}

# Asked by who may only read, and so without the roles that the asker would get as an operator.
what_if() {
  template what-if --parameters deployerOperates=false --result-format FullResourcePayloads --no-prompt true \
    --validation-level ProviderNoRbac
}

code() {
  local package=${1:-dist/rollcall.zip}
  [[ -f $package ]] || { echo "There is no $package; run 'make package' first." >&2; exit 1; }
  az functionapp deployment source config-zip --resource-group "$group" --name "$(output AZURE_FUNCTION_NAME)" \
    --src "$package" --build-remote false --output none
}

keys() {
  make --silent .venv/run.stamp
  if scim keys show >/dev/null 2>&1; then
    echo "There are signing keys."
  else
    patiently scim keys roll
  fi
}

admit() {
  local address=${ADDRESS:-$(curl --silent --show-error --fail https://api.ipify.org)}
  restrict "{\"name\": \"deployer\", \"action\": \"Allow\", \"priority\": 90, \"ipAddress\": \"$address/32\"}"
}

dismiss() { restrict; }

# Let the site's access restriction be what it is but for the rule of this machine, which is this one, or none. Asked of
# the API itself: `az functionapp config access-restriction` sends the whole configuration back, and Flex Consumption
# refuses some of that.
restrict() {
  local site url rules body
  site=$(output AZURE_FUNCTION_NAME)
  url="/subscriptions/{subscriptionId}/resourceGroups/$group/providers/Microsoft.Web/sites/$site/config/web?api-version=2025-03-01"
  rules="[\`[${1:-}]\`, properties.ipSecurityRestrictions[?name != 'deployer']][]"
  body=$(az rest --method get --url "$url" --query "{properties: {ipSecurityRestrictions: $rules}}" --output json)
  az rest --method patch --url "$url" --body "$body" --output none
}

ready() {
  local url
  url=$(output ROLLCALL_PUBLIC_URL)
  curl --silent --show-error --fail --retry 30 --retry-delay 10 --retry-all-errors --max-time 30 "$url/ready"
  echo
}

smoke() {
  make --silent .venv/dev.stamp
  local name="smoke-$RANDOM$RANDOM" made base_url token
  made=$(patiently scim providers create "$name" --profile entra)
  # shellcheck disable=SC2064 # the name of now
  trap "scim providers delete $name --yes" EXIT
  base_url=$(awk '/^Base URL/ {print $3}' <<<"$made")
  token=$(awk '/^Token/ {print $2}' <<<"$made")
  "$python" -m tests.entra --base-url "$base_url" --token "$token" --users 20 --groups 4 --memberships 40
}

# The resource group, where there is none: to make it again would take its tags away, and so the commit to go back to.
place() {
  [[ -n ${LOCATION:-} && $(az group exists --name "$group") != true ]] || return 0
  az group create --name "$group" --location "$LOCATION" --output none
}

good() {
  if [[ -n $1 ]]; then
    az group update --name "$group" --set "tags.rollcallCommit=$1" --output none
  else
    az group show --name "$group" --query "tags.rollcallCommit || ''" --output tsv
  fi
}

case $step in
  up)
    make --silent package
    place
    template create --output none
    code
    keys
    admit
    trap dismiss EXIT
    ready
    echo "Base URLs are $(output ENTRA_TENANT_URL)"
    ;;
  check) check ;;
  what-if) what_if ;;
  template) template create --output none ;;
  code) code "$file" ;;
  keys) keys ;;
  admit) admit ;;
  dismiss) dismiss ;;
  ready) ready ;;
  smoke) smoke ;;
  good) good "$file" ;;
  *) usage >&2; exit 2 ;;
esac
