targetScope = 'subscription'

@minLength(1)
@maxLength(64)
@description('Name of the environment; all names are derived from it.')
param environmentName string

@minLength(1)
@description('Region of all resources. It must offer Flex Consumption.')
@metadata({ azd: { type: 'location' } })
param location string

@description('Who provisions: may read and write secrets. Empty for nobody.')
param principalId string = ''

@allowed(['User', 'ServicePrincipal', 'Group'])
param principalType string = 'User'

@minLength(1)
@description('For whom access tokens must be issued (aud): the client id, or api://<client id>, of the application that stands for this API.')
param authAudience string

@description('The OpenID Connect issuer of access tokens. Empty for the tenant that is deployed to.')
param authAuthority string = ''

@description('The model of the agent "assistant". demo:assistant needs no key and no network. none: the app brings agents of its own.')
param defaultModel string = 'demo:assistant'

@description('Endpoint of an Azure OpenAI resource; the identity needs the role "Cognitive Services OpenAI User" on it. Empty for none.')
param azureOpenAiEndpoint string = ''

@description('Who is told of alerts and of the budget. Empty tells nobody by mail; alerts are in the portal all the same.')
param alertEmail string = ''

@minValue(1)
@description('US dollars that model calls may cost a day before an alert.')
param dailyCostUsd int = 50

@minValue(1)
@description('What the Azure resources may cost a month, in the subscription\'s currency.')
param monthlyBudget int = 200

@description('First day of the month in which the budget begins.')
param budgetStart string = utcNow('yyyy-MM-01')

@description('Puts storage and secrets behind private endpoints, and the app into a virtual network. False leaves both open to every network, guarded by identity alone.')
param privateNetwork bool = true

@description('Addresses or ranges (CIDR), separated by commas, from which people may reach storage and vault besides. Empty for none.')
param operatorIps string = ''

@description('Further settings of the app, as Name=value separated by semicolons; over those that follow from the other parameters. No secrets.')
param appSettings string = ''

@description('Durable Task Scheduler instead of storage queues as the backend of orchestrations.')
param durableTaskScheduler bool = false

@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param storageSku string = 'Standard_ZRS'

@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@minValue(1)
@maxValue(364)
@description('Days to which blobs can be restored. Deleted content stays recoverable, encrypted, for as long.')
param blobRestoreDays int = 14

@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

var abbreviations = loadJsonContent('abbreviations.json')
var resourceToken = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName }
var operatorAddresses = filter(map(split(operatorIps, ','), address => trim(address)), address => !empty(address))
var tokenIssuer = empty(authAuthority) ? '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0' : authAuthority

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: '${abbreviations.resourcesResourceGroups}${environmentName}'
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  scope: group
  params: {
    name: '${abbreviations.managedIdentityUserAssignedIdentities}${resourceToken}'
    location: location
    tags: tags
  }
}

// Brings packages in: the one that reads and writes data may not touch the code.
module packager 'modules/identity.bicep' = {
  scope: group
  params: {
    name: '${abbreviations.managedIdentityUserAssignedIdentities}${resourceToken}-package'
    location: location
    tags: tags
  }
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  params: {
    workspaceName: '${abbreviations.operationalInsightsWorkspaces}${resourceToken}'
    componentName: '${abbreviations.insightsComponents}${resourceToken}'
    location: location
    tags: tags
    retentionDays: logRetentionDays
    publisherPrincipalId: identity.outputs.principalId
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  scope: group
  params: {
    name: '${abbreviations.networkVirtualNetworks}${resourceToken}'
    securityGroupPrefix: '${abbreviations.networkNetworkSecurityGroups}${resourceToken}'
    location: location
    tags: tags
  }
}

module storage 'modules/storage.bicep' = {
  scope: group
  params: {
    name: '${abbreviations.storageStorageAccounts}${resourceToken}'
    location: location
    tags: tags
    sku: storageSku
    publicAccess: !privateNetwork
    operatorAddresses: operatorAddresses
    restoreDays: blobRestoreDays
    appPrincipalId: identity.outputs.principalId
    packagerPrincipalId: packager.outputs.principalId
    workspaceId: monitoring.outputs.workspaceId
  }
}

module vault 'modules/vault.bicep' = {
  scope: group
  params: {
    name: '${abbreviations.keyVaultVaults}${resourceToken}'
    location: location
    tags: tags
    publicAccess: !privateNetwork
    operatorAddresses: operatorAddresses
    appPrincipalId: identity.outputs.principalId
    operatorPrincipalId: principalId
    operatorPrincipalType: principalType
    workspaceId: monitoring.outputs.workspaceId
  }
}

module endpoints 'modules/private-endpoints.bicep' = if (privateNetwork) {
  scope: group
  params: {
    namePrefix: '${abbreviations.networkPrivateEndpoints}${resourceToken}'
    location: location
    tags: tags
    networkId: network!.outputs.networkId
    subnetId: network!.outputs.endpointsSubnetId
    storageId: storage.outputs.id
    vaultId: vault.outputs.id
  }
}

module scheduler 'modules/scheduler.bicep' = if (durableTaskScheduler) {
  scope: group
  params: {
    name: '${abbreviations.durableTaskSchedulers}${resourceToken}'
    taskHubName: '${abbreviations.durableTaskTaskHubs}${resourceToken}'
    location: location
    tags: tags
    appPrincipalId: identity.outputs.principalId
  }
}

module app 'modules/function-app.bicep' = {
  scope: group
  // The app reads storage and secrets as it starts: by then both must answer it.
  dependsOn: [endpoints]
  params: {
    name: '${abbreviations.webSitesFunctions}${resourceToken}'
    planName: '${abbreviations.webServerFarms}${resourceToken}'
    location: location
    tags: union(tags, { 'azd-service-name': 'agents' })
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    packagerId: packager.outputs.id
    storageAccountName: storage.outputs.name
    packageContainerUri: storage.outputs.packageContainerUri
    vaultUri: vault.outputs.uri
    insightsConnectionString: monitoring.outputs.connectionString
    workspaceId: monitoring.outputs.workspaceId
    subnetId: privateNetwork ? network!.outputs.appSubnetId : ''
    useScheduler: durableTaskScheduler
    schedulerEndpoint: durableTaskScheduler ? scheduler!.outputs.endpoint : ''
    taskHubName: durableTaskScheduler ? scheduler!.outputs.taskHubName : ''
    authAuthority: tokenIssuer
    authAudience: authAudience
    defaultModel: defaultModel
    azureOpenAiEndpoint: azureOpenAiEndpoint
    furtherSettings: appSettings
    maximumInstanceCount: maximumInstanceCount
    instanceMemoryMB: instanceMemoryMB
  }
}

module alerts 'modules/alerts.bicep' = {
  scope: group
  params: {
    actionGroupName: '${abbreviations.insightsActionGroups}${resourceToken}'
    ruleNamePrefix: '${abbreviations.insightsScheduledQueryRules}${resourceToken}'
    webTestName: '${abbreviations.insightsWebTests}${resourceToken}'
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    componentId: monitoring.outputs.componentId
    appUri: app.outputs.uri
    email: alertEmail
    dailyCostUsd: dailyCostUsd
  }
}

module workbook 'modules/workbook.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
  }
}

module budget 'modules/budget.bicep' = {
  scope: group
  params: {
    name: '${abbreviations.consumptionBudgets}${resourceToken}'
    amount: monthlyBudget
    startDate: budgetStart
    email: alertEmail
  }
}

output AZURE_LOCATION string = location
output AZURE_TENANT_ID string = tenant().tenantId
output AZURE_RESOURCE_GROUP string = group.name
output AZURE_KEY_VAULT_NAME string = vault.outputs.name
output AZURE_STORAGE_ACCOUNT_NAME string = storage.outputs.name
output SERVICE_AGENTS_NAME string = app.outputs.name
output SERVICE_AGENTS_URI string = app.outputs.uri
output SERVICE_AGENTS_IDENTITY_PRINCIPAL_ID string = identity.outputs.principalId
