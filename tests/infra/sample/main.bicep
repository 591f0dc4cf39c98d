// A small service of the same kind as the real one, for the checker's own tests.

targetScope = 'resourceGroup'

@description('The first part of all names.')
@minLength(2)
@maxLength(8)
param name string = 'sample'

@description('The region of all resources.')
param location string = resourceGroup().location

@description('Copies of the data.')
@allowed(['Standard_LRS', 'Standard_ZRS'])
param sku string

@description('Who may read secrets: a list of id and type.')
param operators array = []

@description('Whether the vault is there.')
param hasVault bool = true

var token = uniqueString(resourceGroup().id, name)
var tags = { application: 'sample' }

module identity 'modules/identity.bicep' = {
  name: 'identity'
  params: {
    name: '${name}-${token}'
    location: location
  }
}

module data 'modules/data.bicep' = {
  name: 'data'
  params: {
    name: '${name}${token}'
    location: location
    sku: sku
    tags: tags
    principalId: identity.outputs.principalId
  }
}

module vault 'modules/vault.bicep' = if (hasVault) {
  name: 'vault'
  params: {
    name: '${name}-${token}'
    location: location
    principalId: identity.outputs.principalId
    operators: operators
  }
}

module site 'modules/site.bicep' = {
  name: 'site'
  params: {
    name: '${name}-${token}'
    location: location
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    storageUrl: data.outputs.tableUrl
    signingKeysUrl: hasVault ? vault!.outputs.signingKeysUrl : ''
  }
}

output url string = site.outputs.url
