// What rings, before Entra quarantines a job, and what to do then.

param name string
param location string
param tags object
param emails array
param workspaceId string

@description('What holds the tables: the id of a storage account, or of a Cosmos DB account.')
param storeId string
param isCosmos bool

var byProvider = [{ name: 'provider', operator: 'Include', values: ['*'] }]

// Each query returns rows only when it should ring; `by` makes an alert of each of them. A rule sees two days at most.
var rules = [
  {
    name: 'server-errors'
    title: 'Requests fail'
    severity: 1
    every: 'PT5M'
    over: 'PT15M'
    by: byProvider
    query: loadTextContent('../queries/server-errors.kql')
    remedy: 'Entra quarantines a job that fails much. Ask /ready what is wrong, then look for the errors in AppTraces by correlation id; roll the last deployment back if they began with it.'
  }
  {
    name: 'unauthorized'
    title: 'Many requests without a good credential'
    severity: 2
    every: 'PT5M'
    over: 'PT15M'
    by: []
    query: loadTextContent('../queries/unauthorized.kql')
    remedy: 'A token has ended or was revoked, or somebody guesses. See when each was last used with "python -m scim credentials list", and give the customer a new one with "rotate"; if it is nobody of theirs, restrict callers.'
  }
  {
    name: 'throttled'
    title: 'A provider is told to slow down'
    severity: 3
    every: 'PT5M'
    over: 'PT15M'
    by: byProvider
    query: loadTextContent('../queries/throttled.kql')
    remedy: 'A first cycle may do this for hours, and catches up. Otherwise raise ROLLCALL_REQUESTS_PER_SECOND or ROLLCALL_REQUESTS_AT_ONCE, or find out what the client does so often.'
  }
  {
    name: 'latency'
    title: 'Answers are slow'
    severity: 2
    every: 'PT5M'
    over: 'PT15M'
    by: byProvider
    query: loadTextContent('../queries/latency.kql')
    remedy: 'See in the workbook whether storage calls, conflicts or the number of requests have risen; raise instanceMemoryMB or alwaysReady if it is none of them.'
  }
  {
    name: 'silent'
    title: 'A provider has gone silent'
    severity: 2
    every: 'PT15M'
    over: 'P2D'
    by: byProvider
    query: loadTextContent('../queries/silent.kql')
    remedy: 'Two cycles of Entra have passed without a request. Ask the customer whether the job is on and not in quarantine, and press Test Connection.'
  }
  {
    name: 'conflicts'
    title: 'Writers are in each other\'s way'
    severity: 3
    every: 'PT5M'
    over: 'PT15M'
    by: []
    query: loadTextContent('../queries/conflicts.kql')
    remedy: 'More than one attempt in three loses the head row to another process. Lower maximumInstances, or see whether two jobs write to one provider.'
  }
  {
    name: 'timers'
    title: 'A timer fails or does not run'
    severity: 2
    every: 'PT5M'
    over: 'P2D'
    by: [{ name: 'timer', operator: 'Include', values: ['*'] }]
    query: loadTextContent('../queries/timers.kql')
    remedy: 'Look in AppTraces for what the timer says. Unfinished intents wait while housekeeping fails; there is no fresh export while backup fails.'
  }
]

resource actionGroup 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: '${name}-operators'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'rollcall'
    enabled: true
    emailReceivers: [for (email, i) in emails: { name: 'operator-${i}', emailAddress: email, useCommonAlertSchema: true }]
  }
}

resource logAlerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for rule in rules: {
  name: '${name}-${rule.name}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Rollcall: ${rule.title}'
    description: rule.remedy
    severity: rule.severity
    enabled: true
    scopes: [workspaceId]
    evaluationFrequency: rule.every
    windowSize: rule.over
    criteria: {
      allOf: [
        {
          query: rule.query
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          dimensions: rule.by
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    autoMitigate: true
    skipQueryValidation: true // a new workspace does not have the tables yet
    actions: {
      actionGroups: [actionGroup.id]
    }
  }
}]

var throttling = isCosmos ? {
  namespace: 'Microsoft.DocumentDB/databaseAccounts'
  metric: 'TotalRequests'
  dimension: 'StatusCode'
  values: ['429']
} : {
  namespace: 'Microsoft.Storage/storageAccounts'
  metric: 'Transactions'
  dimension: 'ResponseType'
  values: ['ServerBusyError', 'ClientThrottlingError', 'ClientAccountRequestThrottlingError', 'ClientAccountBandwidthThrottlingError']
}

resource storeThrottled 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: '${name}-store-throttled'
  location: 'global'
  tags: tags
  properties: {
    description: 'The store refuses requests because there are too many. A provider\'s directory is one partition, which takes some 2,000 rows a second in Table Storage: see in the workbook who is busiest, and lower ROLLCALL_REQUESTS_PER_SECOND or ROLLCALL_REQUESTS_AT_ONCE until it has caught up.'
    severity: 2
    enabled: true
    scopes: [storeId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'throttled'
          criterionType: 'StaticThresholdCriterion'
          metricNamespace: throttling.namespace
          metricName: throttling.metric
          dimensions: [
            {
              name: throttling.dimension
              operator: 'Include'
              values: throttling.values
            }
          ]
          timeAggregation: isCosmos ? 'Count' : 'Total'
          operator: 'GreaterThan'
          threshold: 10
        }
      ]
    }
    autoMitigate: true
    actions: [
      {
        actionGroupId: actionGroup.id
      }
    ]
  }
}

output actionGroupId string = actionGroup.id
