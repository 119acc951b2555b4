param actionGroupName string
param ruleNamePrefix string
param webTestName string
param location string
param tags object
param workspaceId string
param componentId string
param appUri string

@description('Empty tells nobody.')
param email string
param dailyCostUsd int

var signals = loadJsonContent('../signals.json')
// What stands in braces in a query is named in signals.json.
var rules = [
  {
    name: 'error-rate'
    title: 'More than 5 % of requests fail'
    severity: 1
    query: loadTextContent('../queries/error-rate.kql')
    column: 'FailedPercent'
    threshold: 5
    window: 'PT15M'
    every: 'PT5M'
    dimension: ''
  }
  {
    name: 'latency'
    title: 'The 95th percentile of answers is above 10 s'
    severity: 2
    query: loadTextContent('../queries/latency.kql')
    column: 'P95Seconds'
    threshold: 10
    window: 'PT15M'
    every: 'PT5M'
    dimension: ''
  }
  {
    name: 'daily-cost'
    title: 'Model calls cost more than planned'
    severity: 2
    query: loadTextContent('../queries/daily-cost.kql')
    column: 'CostUsd'
    threshold: dailyCostUsd
    window: 'P1D'
    every: 'PT1H'
    dimension: ''
  }
  {
    name: 'provider-down'
    title: 'A model provider is down'
    severity: 1
    query: loadTextContent('../queries/provider-down.kql')
    column: ''
    threshold: 0
    window: 'PT5M'
    every: 'PT5M'
    dimension: 'Provider'
  }
  {
    name: 'critical-events'
    title: 'The app says that something is critical'
    severity: 1
    query: loadTextContent('../queries/critical-events.kql')
    column: 'Events'
    threshold: 0
    window: 'PT5M'
    every: 'PT5M'
    dimension: 'Event'
  }
  {
    name: 'poison-queue'
    title: 'Messages were given up'
    severity: 2
    query: loadTextContent('../queries/poison-queue.kql')
    column: 'Messages'
    threshold: 0
    window: 'PT15M'
    every: 'PT15M'
    dimension: 'Queue'
  }
]

resource actionGroup 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: actionGroupName
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'yggdrasil'
    emailReceivers: empty(email)
      ? []
      : [
          {
            name: 'operator'
            emailAddress: email
            useCommonAlertSchema: true
          }
        ]
  }
}

resource queryRules 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in rules: {
    name: '${ruleNamePrefix}-${rule.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: rule.title
      description: 'First steps: docs/operations.md, "${rule.name}".'
      severity: rule.severity
      enabled: true
      scopes: [workspaceId]
      evaluationFrequency: rule.every
      windowSize: rule.window
      // Metrics of a new deployment come minutes after the rule; until then their table may be empty.
      skipQueryValidation: true
      autoMitigate: true
      criteria: {
        allOf: [
          {
            query: reduce(items(signals), rule.query, (query, signal) => replace(query, '{${signal.key}}', signal.value))
            timeAggregation: empty(rule.column) ? 'Count' : 'Maximum'
            metricMeasureColumn: empty(rule.column) ? null : rule.column
            operator: 'GreaterThan'
            threshold: rule.threshold
            dimensions: empty(rule.dimension)
              ? []
              : [
                  {
                    name: rule.dimension
                    operator: 'Include'
                    values: ['*']
                  }
                ]
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      actions: { actionGroups: [actionGroup.id] }
    }
  }
]

// Nothing above notices an app that does not answer at all.
resource webTest 'Microsoft.Insights/webtests@2022-06-15' = {
  name: webTestName
  location: location
  tags: union(tags, { 'hidden-link:${componentId}': 'Resource' })
  kind: 'standard'
  properties: {
    SyntheticMonitorId: webTestName
    Name: 'ready'
    Kind: 'standard'
    Enabled: true
    Frequency: 300
    Timeout: 60
    RetryEnabled: true
    Locations: [{ Id: 'emea-nl-ams-azr' }, { Id: 'us-va-ash-azr' }, { Id: 'apac-sg-sin-azr' }]
    Request: {
      RequestUrl: '${appUri}/ready'
      HttpVerb: 'GET'
    }
    ValidationRules: {
      ExpectedHttpStatusCode: 200
      SSLCheck: true
      SSLCertRemainingLifetimeCheck: 7
    }
  }
}

resource unavailable 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: '${ruleNamePrefix}-unavailable'
  location: 'global'
  tags: tags
  properties: {
    description: 'The app is not ready, seen from two places. First steps: docs/operations.md, "unavailable".'
    severity: 0
    enabled: true
    scopes: [webTest.id, componentId]
    evaluationFrequency: 'PT1M'
    windowSize: 'PT5M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria'
      webTestId: webTest.id
      componentId: componentId
      failedLocationCount: 2
    }
    actions: [{ actionGroupId: actionGroup.id }]
  }
}
