#!/bin/sh
# Says before anything is provisioned whether the region offers what the app runs on: Flex Consumption, with this version of .NET.
set -eu
region=$(printf '%s' "${AZURE_LOCATION:?run by azd before provisioning}" | tr -d ' ' | tr '[:upper:]' '[:lower:]')
version=10

offered=$(az functionapp list-flexconsumption-locations --query '[].name' --output tsv | tr -d ' ' | tr '[:upper:]' '[:lower:]')
if ! printf '%s\n' "$offered" | grep -qx "$region"; then
  echo "Flex Consumption is not offered in $region. It is in: $(printf '%s' "$offered" | tr '\n' ' ')" >&2
  echo "Choose one with: azd env set AZURE_LOCATION <region>" >&2
  exit 1
fi

versions=$(az functionapp list-flexconsumption-runtimes --location "$region" --runtime dotnet-isolated --query '[].version' --output tsv)
if ! printf '%s\n' "$versions" | grep -qE "^$version(\.0)?$"; then
  echo "Flex Consumption in $region does not run .NET $version yet; it runs: $(printf '%s' "$versions" | tr '\n' ' ')" >&2
  exit 1
fi

echo "$region offers Flex Consumption with .NET $version."
