using Microsoft.Extensions.AI;

namespace Yggdrasil.Models.Custom;

/// <summary>A provider that the application registered in code.</summary>
/// <param name="Name">The part before the colon of a model id, lower case.</param>
/// <param name="Create">Makes the client of one model.</param>
internal sealed record ModelProviderRegistration(string Name, Func<ModelProviderContext, IChatClient> Create);
