param location string
param tags object
param workspaceId string

var signals = loadJsonContent('../signals.json')

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  // Workbooks are named by a GUID; the same one each time, so that the workbook is updated and not added.
  name: guid(resourceGroup().id, 'agents')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Yggdrasil agents'
    category: 'workbook'
    sourceId: workspaceId
    version: '1.0'
    // What stands in braces in a query is named in signals.json.
    serializedData: reduce(
      items(signals),
      loadTextContent('../workbook.json'),
      (text, signal) => replace(text, '{${signal.key}}', signal.value)
    )
  }
}
