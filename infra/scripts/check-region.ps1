# Says before anything is provisioned whether the region offers what the app runs on: Flex Consumption, with this version of .NET.
$ErrorActionPreference = 'Stop'
if (-not $env:AZURE_LOCATION) { throw 'AZURE_LOCATION is not set: run by azd before provisioning.' }
$region = $env:AZURE_LOCATION.Replace(' ', '').ToLowerInvariant()
$version = '10'

$offered = @(az functionapp list-flexconsumption-locations --query '[].name' --output tsv | ForEach-Object { $_.Replace(' ', '').ToLowerInvariant() })
if ($LASTEXITCODE -ne 0) { throw 'The regions of Flex Consumption cannot be listed: az login?' }
if ($offered -notcontains $region) {
    throw "Flex Consumption is not offered in $region. It is in: $($offered -join ' '). Choose one with: azd env set AZURE_LOCATION <region>"
}

$versions = @(az functionapp list-flexconsumption-runtimes --location $region --runtime dotnet-isolated --query '[].version' --output tsv)
if (-not ($versions | Where-Object { $_ -eq $version -or $_ -eq "$version.0" })) {
    throw "Flex Consumption in $region does not run .NET $version yet; it runs: $($versions -join ' ')"
}

Write-Output "$region offers Flex Consumption with .NET $version."
