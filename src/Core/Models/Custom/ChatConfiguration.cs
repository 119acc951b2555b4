using Microsoft.Extensions.AI;

namespace Yggdrasil.Models.Custom;

/// <summary>What the application puts around the client of each model, see <see cref="ModelExtensions"/>.</summary>
internal sealed record ChatConfiguration(Action<ChatClientBuilder, ModelId> Configure);
