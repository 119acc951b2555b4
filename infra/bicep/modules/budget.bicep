param name string

@minValue(1)
param amount int

@description('First day of a month, yyyy-MM-dd.')
param startDate string

@description('Empty tells the owners of the resource group.')
param email string

var recipients = empty(email) ? { contactEmails: [], contactRoles: ['Owner'] } : { contactEmails: [email], contactRoles: [] }

resource budget 'Microsoft.Consumption/budgets@2024-08-01' = {
  name: name
  properties: {
    category: 'Cost'
    amount: amount
    timeGrain: 'Monthly'
    timePeriod: { startDate: startDate }
    notifications: {
      mostSpent: {
        enabled: true
        operator: 'GreaterThanOrEqualTo'
        threshold: 80
        thresholdType: 'Actual'
        contactEmails: recipients.contactEmails
        contactRoles: recipients.contactRoles
      }
      willBeOverspent: {
        enabled: true
        operator: 'GreaterThanOrEqualTo'
        threshold: 100
        thresholdType: 'Forecasted'
        contactEmails: recipients.contactEmails
        contactRoles: recipients.contactRoles
      }
    }
  }
}
