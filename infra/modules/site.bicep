// The service: a function app on a Flex Consumption plan, and every setting it has.

param name string
param location string
param tags object
param identityId string
param identityClientId string
param workspaceId string
param subnetId string
param zoneRedundant bool
param instanceMemoryMB int
param alwaysReady int
param maximumInstances int
param callers array
param deployers array

@description('The deployed package: a container of the host\'s storage account.')
param packagesUrl string
param hostBlobUrl string
param hostQueueUrl string
param hostTableUrl string

param connectionString string
param storageUrl string
param backupsUrl string
param signingKeysUrl string

@description('Blank: the site\'s own name.')
param publicUrl string

@description('Further settings, and other values for those below.')
param settings object

// Python's own default is 1 at every size.
var requestsPerInstance = 32

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: '${name}-plan'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

resource site 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  // By this tag azd finds where to deploy to.
  tags: union(tags, { 'azd-service-name': 'api' })
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
    clientAffinityEnabled: false
    keyVaultReferenceIdentity: identityId
    publicNetworkAccess: 'Enabled'
    // With a subnet, Flex Consumption sends all that the service asks for through it.
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packagesUrl
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'python'
        version: '3.13'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstances
        alwaysReady: alwaysReady > 0 ? [{ name: 'http', instanceCount: alwaysReady }] : []
        triggers: {
          http: {
            perInstanceConcurrency: requestsPerInstance
          }
        }
      }
    }
    // No ftpsState: Flex Consumption has no FTPS, and refuses a site that so much as turns it off.
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      http20Enabled: true
      ipSecurityRestrictionsDefaultAction: empty(callers) ? 'Allow' : 'Deny'
      ipSecurityRestrictions: [for (caller, i) in callers: {
        name: 'caller-${i}'
        priority: 100 + i
        action: 'Allow'
        tag: contains(caller, '/') ? 'Default' : 'ServiceTag'
        ipAddress: caller
      }]
      scmIpSecurityRestrictionsUseMain: false
      scmIpSecurityRestrictionsDefaultAction: empty(deployers) ? 'Allow' : 'Deny'
      scmIpSecurityRestrictions: [for (deployer, i) in deployers: {
        name: 'deployer-${i}'
        priority: 100 + i
        action: 'Allow'
        tag: contains(deployer, '/') ? 'Default' : 'ServiceTag'
        ipAddress: deployer
      }]
    }
  }
}

resource ftpPasswords 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: site
  name: 'ftp'
  properties: {
    allow: false
  }
}

resource deploymentPasswords 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: site
  name: 'scm'
  dependsOn: [ftpPasswords] // a site takes one change at a time
  properties: {
    allow: false
  }
}

var url = empty(publicUrl) ? 'https://${site.properties.defaultHostName}' : publicUrl

// All settings at once, and apart from the site, since they say its own name. What is set by hand is lost with each
// deployment: it belongs into the parameter `settings`.
resource environmentVariables 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: site
  name: 'appsettings'
  dependsOn: [deploymentPasswords]
  properties: union({
    AzureWebJobsStorage__blobServiceUri: hostBlobUrl
    AzureWebJobsStorage__queueServiceUri: hostQueueUrl
    AzureWebJobsStorage__tableServiceUri: hostTableUrl
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__clientId: identityClientId

    APPLICATIONINSIGHTS_CONNECTION_STRING: connectionString
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
    PYTHON_ENABLE_OPENTELEMETRY: 'true'
    // A filter in a query names a user. The host redacts queries unless it is told otherwise: it is told to go on.
    OTEL_DOTNET_EXPERIMENTAL_ASPNETCORE_DISABLE_URL_QUERY_REDACTION: 'false'
    OTEL_DOTNET_EXPERIMENTAL_HTTPCLIENT_DISABLE_URL_QUERY_REDACTION: 'false'

    ROLLCALL_STORAGE: storageUrl
    ROLLCALL_PUBLIC_URL: url
    ROLLCALL_IDENTITY: identityClientId
    ROLLCALL_SIGNING_KEYS: signingKeysUrl
    ROLLCALL_BACKUPS: backupsUrl
    ROLLCALL_ENTRA_AUTHORITY: join(take(split(environment().authentication.loginEndpoint, '/'), 3), '/')
  }, settings)
}

// The host's own log. It names paths, never queries; the log of HTTP requests, which holds queries, is not taken.
resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: site
  properties: {
    workspaceId: workspaceId
    logs: [
      { category: 'FunctionAppLogs', enabled: true }
    ]
    metrics: [
      { category: 'AllMetrics', enabled: true }
    ]
  }
}

output name string = site.name
output hostName string = site.properties.defaultHostName
output url string = url
