param name string
param planName string
param location string
param tags object
param identityId string
param identityClientId string

@description('The identity that reads and writes the package.')
param packagerId string
param storageAccountName string
param packageContainerUri string
param vaultUri string
param insightsConnectionString string
param workspaceId string

@description('Empty outside a virtual network.')
param subnetId string

@description('False for storage as the backend of orchestrations; the next two are not read then.')
param useScheduler bool
param schedulerEndpoint string
param taskHubName string
param authAuthority string
param authAudience string
param defaultModel string
param azureOpenAiEndpoint string

@description('Name=value, separated by semicolons.')
param furtherSettings string
param maximumInstanceCount int
param instanceMemoryMB int

var settings = {
  AzureWebJobsStorage__accountName: storageAccountName
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
  // Models in Azure are asked as this identity where they have no key.
  AZURE_CLIENT_ID: identityClientId
  // Specialised placeholders crash .NET 10 workers as they start; remove when the platform is fixed.
  WEBSITE_USE_PLACEHOLDER_DOTNETISOLATED: '0'
  // The host's own page at "/", which tells strangers what runs here.
  AzureWebJobsDisableHomepage: 'true'
  KeyVault__Uri: vaultUri
  KeyVault__ClientId: identityClientId
  Auth__Mode: 'Jwt'
  Auth__Authority: authAuthority
  Auth__Audience: authAudience
}
var agentSettings = defaultModel == 'none'
  ? {}
  : {
    Agents__0__Id: 'assistant'
    Agents__0__Model: defaultModel
    Agents__0__Description: 'Calculates and tells the time.'
    Agents__0__Instructions: 'You are a helpful assistant. Use your tools rather than guessing.'
    Agents__0__Tools__0: 'calculator'
    Agents__0__Tools__1: 'clock'
    }
var modelSettings = empty(azureOpenAiEndpoint) ? {} : { Providers__azure__Endpoint: azureOpenAiEndpoint }
// Over host.json, which names storage.
var schedulerSettings = useScheduler
  ? {
      DURABLE_TASK_SCHEDULER_CONNECTION_STRING: 'Endpoint=${schedulerEndpoint};Authentication=ManagedIdentity;ClientID=${identityClientId}'
      AzureFunctionsJobHost__extensions__durableTask__hubName: taskHubName
      AzureFunctionsJobHost__extensions__durableTask__storageProvider__type: 'azureManaged'
      AzureFunctionsJobHost__extensions__durableTask__storageProvider__connectionStringName: 'DURABLE_TASK_SCHEDULER_CONNECTION_STRING'
    }
  : {}

// A value may hold "=", a name may not.
var further = toObject(
  filter(split(furtherSettings, ';'), setting => contains(setting, '=')),
  setting => trim(split(setting, '=')[0]),
  setting => trim(join(skip(split(setting, '='), 1), '='))
)

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  tags: tags
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
      '${packagerId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: {
      minTlsVersion: '1.2'
      http20Enabled: true
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageContainerUri
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: packagerId
          }
        }
      }
      runtime: {
        name: 'dotnet-isolated'
        version: '10.0'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        // A run goes on within seconds after its driver died, not after a cold start.
        alwaysReady: [
          {
            name: 'durable'
            instanceCount: 1
          }
        ]
      }
    }
  }

  resource configuration 'config' = {
    name: 'appsettings'
    properties: union(settings, agentSettings, modelSettings, schedulerSettings, further)
  }

  // Packages are deployed by identity; nobody needs a password for it.
  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }

  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'log-analytics'
  scope: app
  properties: {
    workspaceId: workspaceId
    // The same logs as in Application Insights, and those of a host that does not come up.
    logs: [{ category: 'FunctionAppLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

output name string = app.name
output uri string = 'https://${app.properties.defaultHostName}'
