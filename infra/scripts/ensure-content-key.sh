#!/bin/sh
# Puts a first content-protection-key into the vault, if there is none. Later ones: docs/operations.md, "Rotate keys".
set -eu
name=content-protection-key
vault=${AZURE_KEY_VAULT_NAME:?run by azd after provisioning}

# A vault that is closed to this network still takes secrets by way of Azure Resource Manager, from whoever may deploy.
api='api-version=2024-11-01'
closed=$(az keyvault show --name "$vault" --query "properties.publicNetworkAccess=='Disabled' && id || ''" --output tsv)
list() {
  if [ -n "$closed" ]; then
    az rest --method get --url "$closed/secrets?$api" --query "value[?name=='$name'].name" --output tsv
  else
    az keyvault secret list --vault-name "$vault" --query "[?name=='$name'].name" --output tsv
  fi
}

attempt=1
until known=$(list); do
  # A role that was assigned a moment ago takes minutes to be known everywhere.
  [ "$attempt" -lt 20 ] || { echo "The vault $vault cannot be read: see docs/operations.md, \"Deploy\"." >&2; exit 1; }
  attempt=$((attempt + 1))
  sleep 15
done

if [ -n "$known" ]; then
  echo "$vault has a $name."
  exit 0
fi

# By way of a file: arguments of commands are in the process list.
umask 077
key=$(mktemp)
trap 'rm -f "$key"' EXIT
openssl rand -base64 32 | tr -d '\n' > "$key"
if [ -n "$closed" ]; then
  trap 'rm -f "$key" "$key.json"' EXIT
  printf '{"properties":{"value":"%s"}}' "$(cat "$key")" > "$key.json"
  az rest --method put --url "$closed/secrets/$name?$api" --body "@$key.json" --output none
else
  az keyvault secret set --vault-name "$vault" --name "$name" --file "$key" --encoding utf-8 --output none
fi
echo "Made $name in $vault."
