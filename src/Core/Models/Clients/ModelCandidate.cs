using Microsoft.Extensions.AI;

namespace Yggdrasil.Models.Clients;

/// <summary>A model that may be asked: its name as <c>provider:model</c>, and who asks it.</summary>
/// <param name="RetryAttempts">How often it is asked again after it broke off its answer.</param>
internal sealed record ModelCandidate(string Name, IChatClient Client, int RetryAttempts);
