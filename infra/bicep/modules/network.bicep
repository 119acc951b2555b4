param name string
param securityGroupPrefix string
param location string
param tags object

var subnets = [
  {
    name: 'app'
    addressPrefix: '10.80.0.0/24'
    delegation: 'Microsoft.App/environments'
  }
  {
    name: 'endpoints'
    addressPrefix: '10.80.1.0/24'
    delegation: ''
  }
]

resource securityGroups 'Microsoft.Network/networkSecurityGroups@2024-07-01' = [
  for subnet in subnets: {
    name: '${securityGroupPrefix}-${subnet.name}'
    location: location
    tags: tags
    properties: {
      securityRules: [
        {
          name: 'deny-internet-inbound'
          properties: {
            priority: 4000
            direction: 'Inbound'
            access: 'Deny'
            protocol: '*'
            sourceAddressPrefix: 'Internet'
            sourcePortRange: '*'
            destinationAddressPrefix: '*'
            destinationPortRange: '*'
          }
        }
      ]
    }
  }
]

resource network 'Microsoft.Network/virtualNetworks@2024-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: ['10.80.0.0/16'] }
    subnets: [
      for (subnet, index) in subnets: {
        name: subnet.name
        properties: {
          addressPrefix: subnet.addressPrefix
          networkSecurityGroup: { id: securityGroups[index].id }
          privateEndpointNetworkPolicies: 'Enabled'
          delegations: empty(subnet.delegation)
            ? []
            : [
                {
                  name: 'delegation'
                  properties: { serviceName: subnet.delegation }
                }
              ]
        }
      }
    ]
  }

  resource app 'subnets' existing = {
    name: 'app'
  }

  resource endpoints 'subnets' existing = {
    name: 'endpoints'
  }
}

output networkId string = network.id
output appSubnetId string = network::app.id
output endpointsSubnetId string = network::endpoints.id
