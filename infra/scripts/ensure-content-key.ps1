# Puts a first content-protection-key into the vault, if there is none. Later ones: docs/operations.md, "Rotate keys".
$ErrorActionPreference = 'Stop'
$name = 'content-protection-key'
$vault = $env:AZURE_KEY_VAULT_NAME
if (-not $vault) { throw 'AZURE_KEY_VAULT_NAME is not set: run by azd after provisioning.' }

# A vault that is closed to this network still takes secrets by way of Azure Resource Manager, from whoever may deploy.
$api = 'api-version=2024-11-01'
$closed = az keyvault show --name $vault --query "properties.publicNetworkAccess=='Disabled' && id || ''" --output tsv
if ($LASTEXITCODE -ne 0) { throw "There is no vault $vault." }

for ($attempt = 1; ; $attempt++) {
    $known = if ($closed) { az rest --method get --url "$closed/secrets?$api" --query "value[?name=='$name'].name" --output tsv }
    else { az keyvault secret list --vault-name $vault --query "[?name=='$name'].name" --output tsv }
    if ($LASTEXITCODE -eq 0) { break }
    # A role that was assigned a moment ago takes minutes to be known everywhere.
    if ($attempt -ge 20) { throw "The vault $vault cannot be read: see docs/operations.md, 'Deploy'." }
    Start-Sleep -Seconds 15
}

if ($known) {
    Write-Output "$vault has a $name."
    exit 0
}

# By way of a file: arguments of commands are in the process list.
$file = New-TemporaryFile
try {
    $key = [Convert]::ToBase64String([Security.Cryptography.RandomNumberGenerator]::GetBytes(32))
    if ($closed) {
        Set-Content -Path $file -Value "{`"properties`":{`"value`":`"$key`"}}" -NoNewline
        az rest --method put --url "$closed/secrets/${name}?$api" --body "@$file" --output none
    }
    else {
        Set-Content -Path $file -Value $key -NoNewline
        az keyvault secret set --vault-name $vault --name $name --file $file --encoding utf-8 --output none
    }
    if ($LASTEXITCODE -ne 0) { throw "The key could not be written to $vault." }
    Write-Output "Made $name in $vault."
}
finally {
    Remove-Item $file
}
