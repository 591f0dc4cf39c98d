// The directory in Cosmos DB for Table, in place of a storage account's tables.

param name string
param location string
param tags object
param zoneRedundant bool

@description('Where accounts for tables have their names in this cloud, such as table.cosmos.azure.com.')
param domain string
param isPrivate bool
param admittedAddresses array
param isLocked bool
param principalId string
param operators array
param workspaceId string

resource account 'Microsoft.DocumentDB/databaseAccounts@2025-10-15' = {
  name: name
  location: location
  tags: tags
  kind: 'GlobalDocumentDB'
  properties: {
    databaseAccountOfferType: 'Standard'
    capabilities: [
      { name: 'EnableTable' }
      { name: 'EnableServerless' }
    ]
    // A transaction's rows are read back by other processes at once; one region makes strong reads cheap.
    consistencyPolicy: {
      defaultConsistencyLevel: 'Strong'
    }
    locations: [
      {
        locationName: location
        failoverPriority: 0
        isZoneRedundant: zoneRedundant
      }
    ]
    backupPolicy: {
      type: 'Continuous'
      continuousModeProperties: {
        tier: 'Continuous30Days'
      }
    }
    disableLocalAuth: true
    minimalTlsVersion: 'Tls12'
    publicNetworkAccess: isPrivate && empty(admittedAddresses) ? 'Disabled' : 'Enabled'
    ipRules: [for address in admittedAddresses: { ipAddressOrRange: address }]
  }
}

// Azure's own role assignments do not reach the rows in Cosmos DB, which has roles and assignments of its own. The type
// of those for tables came later than the API version used here, so they are a template in JSON.
module roles 'cosmos-role.json' = {
  name: 'cosmos-roles'
  params: {
    account: account.name
    principals: concat([principalId], map(operators, operator => operator.id))
  }
}

// Metrics only, as of the data account.
resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: account
  properties: {
    workspaceId: workspaceId
    metrics: [
      { category: 'Requests', enabled: true }
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

output tableUrl string = 'https://${account.name}.${domain}'
