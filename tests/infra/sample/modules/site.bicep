param name string
param location string
param identityId string
param identityClientId string
param storageUrl string
param signingKeysUrl string

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: '${name}-plan'
  location: location
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

resource site 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    siteConfig: {
      minTlsVersion: '1.2'
      ftpsState: 'Disabled'
    }
  }
}

resource publishing 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = [for kind in ['ftp', 'scm']: {
  parent: site
  name: kind
  properties: {
    allow: false
  }
}]

resource settings 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: site
  name: 'appsettings'
  properties: {
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__clientId: identityClientId
    ROLLCALL_STORAGE: storageUrl
    ROLLCALL_SIGNING_KEYS: signingKeysUrl
    ROLLCALL_PUBLIC_URL: 'https://${site.properties.defaultHostName}'
  }
}

resource rule 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: '${name}-errors'
  location: location
  properties: {
    description: 'Errors.'
    scopes: [site.id]
    criteria: {
      allOf: [
        {
          query: loadTextContent('../queries/errors.kql')
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
        }
      ]
    }
  }
}

output url string = 'https://${site.properties.defaultHostName}'
