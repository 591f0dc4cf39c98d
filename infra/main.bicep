// Rollcall in one resource group: az deployment group create -g GROUP -f infra/main.bicep -p infra/main.parameters.json

targetScope = 'resourceGroup'

@description('The first part of every resource\'s name: lower-case letters and digits, beginning with a letter.')
@minLength(2)
@maxLength(8)
param name string = 'rollcall'

@description('The region of all resources: one that has Flex Consumption (az functionapp list-flexconsumption-locations).')
param location string = resourceGroup().location

@description('Tags for every resource, beside `application`.')
param tags object = {}

@description('What holds the directories: the tables of a storage account, or Cosmos DB for Table (serverless).')
@allowed(['storage', 'cosmos'])
param store string = 'storage'

@description('Copies of the data account. ZRS outlives a data centre; GRS, GZRS and their RA forms a region, with a secondary that lags some minutes; LRS neither. Between LRS and ZRS a template cannot change later.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_RAGRS', 'Standard_GZRS', 'Standard_RAGZRS'])
param dataRedundancy string = 'Standard_ZRS'

@description('Whether service, host storage and Cosmos DB are spread over the zones of a region that has them. Azure then keeps two instances ready, and charges for them, for requests and for each timer; without it a lost zone costs a cycle or two, which Entra makes up for.')
param zoneRedundant bool = false

@description('Memory of an instance; 512 has a quarter of a CPU, 2048 one, 4096 two.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('Instances that wait for requests, and are paid for; with 0 the first request after a pause takes seconds.')
@minValue(0)
@maxValue(100)
param alwaysReady int = 1

@description('Instances at most.')
@minValue(40)
@maxValue(1000)
param maximumInstances int = 40

@description('The URL under which clients reach the service, such as https://scim.example.com, once that domain is bound to the site. Blank: the site\'s own.')
param publicUrl string = ''

@description('Who may call: service tags, and addresses such as 203.0.113.7/32. AzureActiveDirectory is what Entra provisions and tests the connection from; add those of other identity providers, of your application and of the pipeline\'s smoke test. Empty: everybody, with a token.')
param callers array = ['AzureActiveDirectory']

@description('From where code may be deployed, in the form of `callers`. Empty: anywhere, by who has a role for it in Azure; passwords are off.')
param deployers array = []

@description('Whether storage, vault and Cosmos DB are reached by private endpoints only.')
param privateNetwork bool = false

@description('Addresses of the virtual network, at least a /25; only with privateNetwork.')
param addressSpace string = '10.71.0.0/24'

@description('Who runs the command line: [{"id": "OBJECT ID", "type": "User"}], or of type Group or ServicePrincipal.')
param operators array = []

@description('Whether who deploys is an operator, too. A deployment by infra/deploy.sh makes the first signing key and tries the service, and needs to be one.')
param deployerOperates bool = true

@description('Public addresses, such as 203.0.113.7, from which operators reach data and vault in spite of privateNetwork. Empty: only from the network.')
param operatorAddresses array = []

@description('E-mail addresses that are told of alerts and of the budget. Empty: alerts are seen in the portal only.')
param alertEmails array = []

@description('What a month may cost, in the subscription\'s currency, before people are told. 0: no budget.')
@minValue(0)
param budgetAmount int = 0

@description('The first day of the month in which the budget begins, such as 2027-01-01: this month or a later one when it is made, and never changed after that, since Azure refuses it. Blank: no budget.')
param budgetStart string = ''

@description('Days for which nightly exports are kept; they can be recovered for 7 more.')
@minValue(1)
@maxValue(365)
param backupDays int = 30

@description('Days for which logs, traces and metrics are kept.')
@allowed([30, 60, 90, 120, 180, 270, 365, 550, 730])
param logDays int = 90

@description('Whether data and vault are locked against deletion.')
param locked bool = true

@description('Further settings as texts, by name: {"ROLLCALL_PAGE_MAX": "200"}. There are ROLLCALL_PAGE_DEFAULT, ROLLCALL_PAGE_MAX, ROLLCALL_SCAN_MAX, ROLLCALL_CURSOR_SECONDS, ROLLCALL_BODY_MAX, ROLLCALL_GROUP_BODY_MAX, ROLLCALL_JSON_DEPTH, ROLLCALL_OPERATIONS_MAX, ROLLCALL_REQUESTS_PER_SECOND, ROLLCALL_REQUESTS_AT_ONCE, ROLLCALL_REQUEST_SECONDS, ROLLCALL_TOKEN_MINUTES, ROLLCALL_PROXIES and ROLLCALL_CACHE_SECONDS; what the template sets itself can be given another value.')
param settings object = {}

var token = take(uniqueString(resourceGroup().id, name), 12)
var fullName = '${name}-${token}'
var allTags = union({ application: 'rollcall' }, tags)
var isCosmos = store == 'cosmos'
var deployedBy = { id: deployer().objectId, type: empty(deployer().userPrincipalName) ? 'ServicePrincipal' : 'User' }
var allOperators = union(operators, deployerOperates ? [deployedBy] : [])
var admittedAddresses = privateNetwork ? operatorAddresses : []

// Names, and ids that names depend on, are made here of what is known beforehand: what-if skips the modules whose
// resources' names it cannot tell.
var hostStorageName = '${name}host${token}'
var dataStorageName = '${name}data${token}'
var identityId = resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', fullName)
var hostStorageId = resourceId('Microsoft.Storage/storageAccounts', hostStorageName)
var dataStorageId = resourceId('Microsoft.Storage/storageAccounts', dataStorageName)
var cosmosId = resourceId('Microsoft.DocumentDB/databaseAccounts', fullName)
var vaultId = resourceId('Microsoft.KeyVault/vaults', fullName)

var storageSuffix = environment().suffixes.storage
var blobZone = 'privatelink.blob.${storageSuffix}'
var queueZone = 'privatelink.queue.${storageSuffix}'
var tableZone = 'privatelink.table.${storageSuffix}'
var vaultZone = 'privatelink${replace(environment().suffixes.keyvaultDns, '.vault.', '.vaultcore.')}'
// Cosmos DB's names are not among the suffixes, but end as the portal's does: https://portal.azure.com
var cosmosDomain = 'table.cosmos.${replace(split(environment().portal, '/')[2], 'portal.', '')}'
var cosmosZone = 'privatelink.${cosmosDomain}'
var cosmosTarget = { name: 'cosmos', id: cosmosId, group: 'Table', zone: cosmosZone }

module identity 'modules/identity.bicep' = {
  name: 'identity'
  params: {
    name: fullName
    location: location
    tags: allTags
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  params: {
    name: fullName
    location: location
    tags: allTags
    retentionDays: logDays
    identityId: identityId
    principalId: identity.outputs.principalId
  }
}

module hostStorage 'modules/host-storage.bicep' = {
  name: 'host-storage'
  params: {
    name: hostStorageName
    location: location
    tags: allTags
    sku: zoneRedundant ? 'Standard_ZRS' : 'Standard_LRS'
    isPrivate: privateNetwork
    identityId: identityId
    principalId: identity.outputs.principalId
    workspaceId: monitoring.outputs.workspaceId
  }
}

module dataStorage 'modules/data-storage.bicep' = {
  name: 'data-storage'
  params: {
    name: dataStorageName
    location: location
    tags: allTags
    sku: dataRedundancy
    isPrivate: privateNetwork
    admittedAddresses: admittedAddresses
    backupDays: backupDays
    isLocked: locked
    holdsTables: !isCosmos
    identityId: identityId
    principalId: identity.outputs.principalId
    operators: allOperators
    workspaceId: monitoring.outputs.workspaceId
  }
}

module cosmos 'modules/cosmos.bicep' = if (isCosmos) {
  name: 'cosmos'
  params: {
    name: fullName
    location: location
    tags: allTags
    zoneRedundant: zoneRedundant
    domain: cosmosDomain
    isPrivate: privateNetwork
    admittedAddresses: admittedAddresses
    isLocked: locked
    principalId: identity.outputs.principalId
    operators: allOperators
    workspaceId: monitoring.outputs.workspaceId
  }
}

module vault 'modules/vault.bicep' = {
  name: 'vault'
  params: {
    name: fullName
    location: location
    tags: allTags
    isPrivate: privateNetwork
    admittedAddresses: admittedAddresses
    isLocked: locked
    identityId: identityId
    principalId: identity.outputs.principalId
    operators: allOperators
    workspaceId: monitoring.outputs.workspaceId
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  name: 'network'
  params: {
    name: fullName
    location: location
    tags: allTags
    addressSpace: addressSpace
  }
}

module endpoints 'modules/endpoints.bicep' = if (privateNetwork) {
  name: 'endpoints'
  dependsOn: [hostStorage, dataStorage, cosmos, vault]
  params: {
    name: fullName
    location: location
    tags: allTags
    networkId: network!.outputs.id
    subnetId: network!.outputs.endpointsSubnetId
    zones: concat([blobZone, queueZone, tableZone, vaultZone], isCosmos ? [cosmosZone] : [])
    targets: concat([
      { name: 'host-blob', id: hostStorageId, group: 'blob', zone: blobZone }
      { name: 'host-queue', id: hostStorageId, group: 'queue', zone: queueZone }
      { name: 'host-table', id: hostStorageId, group: 'table', zone: tableZone }
      { name: 'data-blob', id: dataStorageId, group: 'blob', zone: blobZone }
      { name: 'data-table', id: dataStorageId, group: 'table', zone: tableZone }
      { name: 'vault', id: vaultId, group: 'vault', zone: vaultZone }
    ], isCosmos ? [cosmosTarget] : [])
  }
}

// What a module gives out is there when its roles are; only the endpoints give out nothing.
module site 'modules/site.bicep' = {
  name: 'site'
  dependsOn: [endpoints]
  params: {
    name: fullName
    location: location
    tags: allTags
    identityId: identityId
    identityClientId: identity.outputs.clientId
    workspaceId: monitoring.outputs.workspaceId
    subnetId: privateNetwork ? network!.outputs.serviceSubnetId : ''
    zoneRedundant: zoneRedundant
    instanceMemoryMB: instanceMemoryMB
    alwaysReady: alwaysReady
    maximumInstances: maximumInstances
    callers: callers
    deployers: deployers
    packagesUrl: hostStorage.outputs.packagesUrl
    hostBlobUrl: hostStorage.outputs.blobUrl
    hostQueueUrl: hostStorage.outputs.queueUrl
    hostTableUrl: hostStorage.outputs.tableUrl
    connectionString: monitoring.outputs.connectionString
    storageUrl: isCosmos ? cosmos!.outputs.tableUrl : dataStorage.outputs.tableUrl
    backupsUrl: dataStorage.outputs.backupsUrl
    signingKeysUrl: vault.outputs.signingKeysUrl
    publicUrl: publicUrl
    settings: settings
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  dependsOn: [dataStorage, cosmos]
  params: {
    name: fullName
    location: location
    tags: allTags
    emails: alertEmails
    workspaceId: monitoring.outputs.workspaceId
    storeId: isCosmos ? cosmosId : dataStorageId
    isCosmos: isCosmos
  }
}

module workbook 'modules/workbook.bicep' = {
  name: 'workbook'
  params: {
    name: name
    location: location
    tags: allTags
    workspaceId: monitoring.outputs.workspaceId
  }
}

module budget 'modules/budget.bicep' = if (budgetAmount > 0 && !empty(budgetStart)) {
  name: 'budget'
  params: {
    name: fullName
    amount: budgetAmount
    start: budgetStart
    emails: alertEmails
    actionGroupIds: [alerts.outputs.actionGroupId]
  }
}

@description('Entra\'s "Tenant URL", with the provider\'s id (python -m scim providers create) in place of PROVIDER.')
output ENTRA_TENANT_URL string = '${site.outputs.url}/scim/PROVIDER/v2'

@description('For the command line, and for whoever asks /health and /ready.')
output ROLLCALL_PUBLIC_URL string = site.outputs.url

@description('For the command line.')
output ROLLCALL_STORAGE string = isCosmos ? cosmos!.outputs.tableUrl : dataStorage.outputs.tableUrl

@description('For the command line: where "keys roll" writes.')
output ROLLCALL_SIGNING_KEYS string = vault.outputs.signingKeysUrl

@description('Where the nightly exports are.')
output ROLLCALL_BACKUPS string = dataStorage.outputs.backupsUrl

@description('The service\'s identity, for roles on accounts that this template did not make.')
output AZURE_IDENTITY_NAME string = identity.outputs.name
output AZURE_IDENTITY_CLIENT_ID string = identity.outputs.clientId

@description('Where to deploy the code.')
output AZURE_FUNCTION_NAME string = site.outputs.name
output AZURE_RESOURCE_GROUP string = resourceGroup().name

@description('What a custom domain points to (CNAME).')
output AZURE_FUNCTION_HOST_NAME string = site.outputs.hostName
