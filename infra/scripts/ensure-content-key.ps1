# Puts a first content-protection-key into the vault, if there is none. Later ones: docs/operations.md, "Rotate keys".
$ErrorActionPreference = 'Stop'
$name = 'content-protection-key'
$vault = $env:AZURE_KEY_VAULT_NAME
if (-not $vault) { throw 'AZURE_KEY_VAULT_NAME is not set: run by azd after provisioning.' }

for ($attempt = 1; ; $attempt++) {
    $known = az keyvault secret list --vault-name $vault --query "[?name=='$name'].name" --output tsv
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
    Set-Content -Path $file -Value $key -NoNewline
    az keyvault secret set --vault-name $vault --name $name --file $file --encoding utf-8 --output none
    if ($LASTEXITCODE -ne 0) { throw "The key could not be written to $vault." }
    Write-Output "Made $name in $vault."
}
finally {
    Remove-Item $file
}
