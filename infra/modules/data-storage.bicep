// The directory: the tables of all providers, and the nightly exports of them.

param name string
param location string
param tags object
param sku string
param isPrivate bool
param admittedAddresses array
param backupDays int
param isLocked bool
param holdsTables bool
param identityId string
param principalId string
param operators array
param workspaceId string

var container = 'backups'
var recoverableDays = 7
var tableOperators = holdsTables ? operators : []
var tableContributor = '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3' // Storage Table Data Contributor
var blobContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe' // Storage Blob Data Contributor
var blobReader = '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1' // Storage Blob Data Reader

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: sku
  }
  properties: {
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: isPrivate && empty(admittedAddresses) ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'None'
      defaultAction: isPrivate ? 'Deny' : 'Allow'
      ipRules: [for address in admittedAddresses: { value: address, action: 'Allow' }]
    }
  }
}

// Tables have neither soft delete nor versions: the exports stand in for both.
resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    isVersioningEnabled: true
    deleteRetentionPolicy: {
      enabled: true
      days: recoverableDays
    }
    containerDeleteRetentionPolicy: {
      enabled: true
      days: recoverableDays
    }
  }
}

resource backups 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = {
  parent: blobs
  name: container
  properties: {
    publicAccess: 'None'
  }
}

// A deleted export lives on as a version, and a deleted version for the days it can be recovered.
resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2025-06-01' = {
  parent: account
  name: 'default'
  dependsOn: [backups]
  properties: {
    policy: {
      rules: [
        {
          name: 'remove-old-exports'
          type: 'Lifecycle'
          enabled: true
          definition: {
            filters: {
              blobTypes: ['blockBlob']
              prefixMatch: ['${container}/']
            }
            actions: {
              baseBlob: {
                delete: {
                  daysAfterModificationGreaterThan: backupDays
                }
              }
              version: {
                delete: {
                  daysAfterCreationGreaterThan: backupDays
                }
              }
            }
          }
        }
      ]
    }
  }
}

resource tables 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (holdsTables) {
  name: guid(account.id, identityId, tableContributor)
  scope: account
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', tableContributor)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

resource exports 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(backups.id, identityId, blobContributor)
  scope: backups
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobContributor)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

resource operatorsOfTables 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for operator in tableOperators: {
  name: guid(account.id, operator.id, tableContributor)
  scope: account
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', tableContributor)
    principalId: operator.id
    principalType: operator.type
  }
}]

resource readersOfExports 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for operator in operators: {
  name: guid(backups.id, operator.id, blobReader)
  scope: backups
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobReader)
    principalId: operator.id
    principalType: operator.type
  }
}]

// Metrics only: a log of requests would hold the keys of rows, and so names of users.
resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: account
  properties: {
    workspaceId: workspaceId
    metrics: [
      { category: 'Transaction', enabled: true }
    ]
  }
}

resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (isLocked) {
  name: 'keep'
  scope: account
  properties: {
    level: 'CanNotDelete'
    notes: 'Holds the directories of all providers: deleting it loses them.'
  }
}

output tableUrl string = 'https://${account.name}.table.${environment().suffixes.storage}'
output backupsUrl string = '${account.properties.primaryEndpoints.blob}${container}'
