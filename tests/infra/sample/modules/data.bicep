param name string
param location string
param sku string
param tags object
param principalId string

var roles = {
  tables: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
  blobs: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
}

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  tags: union(tags, { part: 'data' })
  kind: 'StorageV2'
  sku: {
    name: sku
  }
  properties: {
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    networkAcls: {
      bypass: 'None'
      defaultAction: 'Allow'
    }
  }

  resource blobs 'blobServices' = {
    name: 'default'

    resource backups 'containers' = {
      name: 'backups'
    }
  }
}

resource tables 'Microsoft.Storage/storageAccounts/tableServices/tables@2025-06-01' = [for table in ['first', 'second']: {
  name: '${account.name}/default/${table}'
}]

resource rows 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, principalId, roles.tables)
  scope: account
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.tables)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

resource exports 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account::blobs::backups.id, principalId, roles.blobs)
  scope: account::blobs::backups
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobs)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

output tableUrl string = account.properties.primaryEndpoints.table
output tableNames array = [for i in range(0, 2): tables[i].name]
