param namePrefix string
param location string
param tags object
param networkId string
param subnetId string
param storageId string
param vaultId string

var targets = [
  {
    group: 'blob'
    resourceId: storageId
    zone: 'privatelink.blob.${environment().suffixes.storage}'
  }
  {
    group: 'queue'
    resourceId: storageId
    zone: 'privatelink.queue.${environment().suffixes.storage}'
  }
  {
    group: 'table'
    resourceId: storageId
    zone: 'privatelink.table.${environment().suffixes.storage}'
  }
  {
    group: 'vault'
    resourceId: vaultId
    // environment() names the public suffix: .vault.azure.net.
    zone: replace('privatelink${environment().suffixes.keyvaultDns}', '.vault.', '.vaultcore.')
  }
]

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for target in targets: {
    name: target.zone
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (target, index) in targets: {
    parent: zones[index]
    name: 'app'
    location: 'global'
    properties: {
      registrationEnabled: false
      virtualNetwork: { id: networkId }
    }
  }
]

resource endpoints 'Microsoft.Network/privateEndpoints@2024-07-01' = [
  for target in targets: {
    name: '${namePrefix}-${target.group}'
    location: location
    tags: tags
    properties: {
      subnet: { id: subnetId }
      privateLinkServiceConnections: [
        {
          name: target.group
          properties: {
            // It is a parameter, but by way of a list.
            #disable-next-line use-resource-id-functions
            privateLinkServiceId: target.resourceId
            groupIds: [target.group]
          }
        }
      ]
    }
  }
]

resource records 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-07-01' = [
  for (target, index) in targets: {
    parent: endpoints[index]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        {
          name: target.group
          properties: { privateDnsZoneId: zones[index].id }
        }
      ]
    }
  }
]
