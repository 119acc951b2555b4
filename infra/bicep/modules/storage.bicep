@description('Everything the app keeps: runs, conversations, orchestrations, and its package.')
@minLength(3)
@maxLength(24)
param name string
param location string
param tags object
param sku string

@description('False: reached through private endpoints only, and from the operators\' addresses.')
param publicAccess bool
param operatorAddresses array

@minValue(1)
@maxValue(364)
param restoreDays int
param appPrincipalId string

@description('Writes the package, which the app\'s own identity may not: whoever gets the app to write a blob could replace its code.')
param packagerPrincipalId string
param workspaceId string

var roles = loadJsonContent('../roles.json')
// The Functions host needs to own blobs (its leases), and no more of the rest than to read and write it.
var appRoles = ['Storage Blob Data Owner', 'Storage Queue Data Contributor', 'Storage Table Data Contributor']
var packageContainerName = 'app-package'
// The app makes containers of its own (leases, large messages), so its role is on the account: without the package's container.
var notThePackage = '@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringNotEquals \'${packageContainerName}\''
var blobActions = ['read', 'write', 'delete', 'add/action', 'move/action', 'permanentDelete/action', 'tags/read', 'tags/write', 'manageOwnership/action', 'modifyPermissions/action']
var blobActionMatches = map(blobActions, action => '!(ActionMatches{\'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/${action}\'})')
var blobCondition = '((${join(blobActionMatches, ' AND ')}) OR (${notThePackage}))'
// Longer than blobs can be restored: restoring needs what was deleted since.
var keepDeletedDays = restoreDays + 1

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: publicAccess || !empty(operatorAddresses) ? 'Enabled' : 'Disabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: publicAccess ? 'Allow' : 'Deny'
      ipRules: [for address in operatorAddresses: { value: address }]
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' = {
  parent: account
  name: 'default'
  properties: {
    isVersioningEnabled: true
    changeFeed: {
      enabled: true
      retentionInDays: keepDeletedDays
    }
    deleteRetentionPolicy: {
      enabled: true
      days: keepDeletedDays
    }
    containerDeleteRetentionPolicy: {
      enabled: true
      days: keepDeletedDays
    }
    restorePolicy: {
      enabled: true
      days: restoreDays
    }
  }
}

resource queues 'Microsoft.Storage/storageAccounts/queueServices@2025-01-01' = {
  parent: account
  name: 'default'

  // Senders may send before the app has come up for the first time.
  resource prompts 'queues' = { name: 'prompts' }
  resource results 'queues' = { name: 'prompt-results' }
  // The app would make it at its first waited run, which then waits for it.
  resource backups 'queues' = { name: 'run-backups' }
}

resource tables 'Microsoft.Storage/storageAccounts/tableServices@2025-01-01' = {
  parent: account
  name: 'default'
}

resource packageContainer 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = {
  parent: blobs
  name: packageContainerName
}

resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2025-01-01' = {
  parent: account
  name: 'default'
  // A rule on versions is refused while there are none.
  dependsOn: [blobs]
  properties: {
    policy: {
      rules: [
        {
          name: 'forget-old-versions'
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'] }
            actions: { version: { delete: { daysAfterCreationGreaterThan: keepDeletedDays } } }
          }
        }
      ]
    }
  }
}

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in appRoles: {
    name: guid(account.id, appPrincipalId, roles[role])
    scope: account
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[role])
      principalId: appPrincipalId
      principalType: 'ServicePrincipal'
      condition: role == 'Storage Blob Data Owner' ? blobCondition : null
      conditionVersion: role == 'Storage Blob Data Owner' ? '2.0' : null
    }
  }
]

resource packagerWrites 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(packageContainer.id, packagerPrincipalId, roles['Storage Blob Data Contributor'])
  scope: packageContainer
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles['Storage Blob Data Contributor'])
    principalId: packagerPrincipalId
    principalType: 'ServicePrincipal'
  }
}

resource blobDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'log-analytics'
  scope: blobs
  properties: {
    workspaceId: workspaceId
    // Deletions and failures matter afterwards; each read would cost more than the storage.
    logs: [{ category: 'StorageDelete', enabled: true }]
    metrics: [{ category: 'Transaction', enabled: true }]
  }
}

resource queueDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'log-analytics'
  scope: queues
  properties: {
    workspaceId: workspaceId
    metrics: [{ category: 'Transaction', enabled: true }]
  }
}

resource tableDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'log-analytics'
  scope: tables
  properties: {
    workspaceId: workspaceId
    metrics: [{ category: 'Transaction', enabled: true }]
  }
}

output id string = account.id
output name string = account.name
output packageContainerUri string = '${account.properties.primaryEndpoints.blob}${packageContainer.name}'
