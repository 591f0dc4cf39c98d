// A monthly sum, and word to people when it is nearly spent or will be. Nothing is switched off.

param name string
param amount int
param start string
param emails array

@description('Action groups that are told, beside the e-mail addresses.')
param actionGroupIds array

resource budget 'Microsoft.Consumption/budgets@2024-08-01' = {
  name: name
  properties: {
    category: 'Cost'
    amount: amount
    timeGrain: 'Monthly'
    timePeriod: {
      startDate: start
    }
    notifications: {
      nearlySpent: {
        enabled: true
        operator: 'GreaterThan'
        threshold: 80
        thresholdType: 'Actual'
        contactEmails: emails
        contactGroups: actionGroupIds
      }
      willBeSpent: {
        enabled: true
        operator: 'GreaterThan'
        threshold: 100
        thresholdType: 'Forecasted'
        contactEmails: emails
        contactGroups: actionGroupIds
      }
    }
  }
}
