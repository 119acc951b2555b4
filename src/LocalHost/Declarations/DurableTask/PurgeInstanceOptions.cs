namespace Microsoft.DurableTask.Client;

/// <param name="Recursive">Without effect: there are no sub-orchestrations.</param>
public record PurgeInstanceOptions(bool Recursive = false);
